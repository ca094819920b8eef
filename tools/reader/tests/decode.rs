//! Tables of other meters, by their bytes: load profile, logs, calendar, big-endian and BCD variants.

use c12::layout;
use reader::decode::{Dimensions, Record, table};
use serde_json::json;

/// Decodes tables in order, each learning from the ones before.
#[track_caller]
fn decode(tables: &[(u16, &[u8])]) -> Record {
    let mut dimensions = Dimensions::default();
    let mut last = Record::new();
    for (number, bytes) in tables {
        let layout = layout::find(*number).expect("a layout");
        last = table(layout, bytes, &dimensions).expect("decodes");
        dimensions.learn(layout, &last);
    }
    last
}

/// The example of the reference that a public reader decoded completely, with empty sets.
const ST0: [u8; 53] = {
    let mut bytes = [0; 53];
    let head = [
        0x02, 0x1C, 0x88, 0, 0, 0, 1, 2, 0, 0x10, 0x10, 2, 0, 10, 1, 5, 1, 1, 0,
    ];
    let mut i = 0;
    while i < head.len() {
        bytes[i] = head[i];
        i += 1;
    }
    // STD_TBLS_USED begins here: 10 bytes, then 1, 5, 1, 10 and 1.
    bytes[19] = 0b0000_1011;
    bytes[28] = 0x80;
    bytes
};

#[test]
fn st0_of_the_reference() {
    // 6 bytes too many for the sets: shown, not lost.
    let record = decode(&[(0, &ST0)]);
    assert_eq!(record["FORMAT_CONTROL_2"]["TM_FORMAT"], json!(4));
    assert_eq!(record["FORMAT_CONTROL_2"]["DATA_ACCESS_METHOD"], json!(3));
    assert_eq!(record["STD_TBLS_USED"], json!([0, 1, 3, 79]));
    assert_eq!(record["REST"], json!("000000000000"));
}

#[test]
fn a_block_of_load_profile_is_sixty_bytes() {
    // One set: 1 block of 8 intervals, 2 channels, 15 minutes; end readings and extended status.
    let st61 = [0, 0, 0, 0, 0x10, 0x04, 0x02, 1, 0, 8, 0, 2, 15];
    let st62 = [1, 0, 255, 1, 1, 255, 2];
    let mut st64 = 1_795_171_500u32.to_le_bytes().to_vec();
    st64.extend(1000i32.to_le_bytes());
    st64.extend((-7i32).to_le_bytes());
    for interval in 0..8u16 {
        st64.extend([0x20, 0x00]);
        st64.extend((100 + interval).to_le_bytes());
        st64.extend((200 + interval).to_le_bytes());
    }
    assert_eq!(st64.len(), 60);
    let record = decode(&[(0, &ST0), (61, &st61), (62, &st62), (64, &st64)]);
    assert!(!record.contains_key("REST"));
    let block = &record["LP_DATA_SETS"][0];
    assert_eq!(block["BLK_END_TIME"], json!("2026-11-20T10:45:00"));
    assert_eq!(block["END_READINGS"][1]["BLK_END_RDG"], json!(-7));
    assert_eq!(
        block["LP_INT"][7],
        json!({ "EXTENDED_INT_STATUS": "2000", "INT_DATA": [107, 207] })
    );
}

#[test]
fn history_log() {
    // Event number, time and sequence number; 4 bytes of argument; 2 entries.
    let st71 = [0x07, 1, 0, 4, 0, 2, 0, 0, 0];
    let mut st74 = vec![0x04, 2, 0, 1, 0, 9, 0, 0, 0, 2, 0];
    for number in 8..10u8 {
        st74.extend(1_795_171_619u32.to_le_bytes());
        st74.extend([number, 0, number + 1, 0, 0x34, 0x12, 20, 0x08, 1, 2, 3, 4]);
    }
    let record = decode(&[(0, &ST0), (71, &st71), (74, &st74)]);
    assert_eq!(record["LOG_FLAGS"], json!(["CIRCULAR"]));
    assert_eq!(
        record["ENTRIES"][1],
        json!({
            "HISTORY_TIME": "2026-11-20T10:46:59", "EVENT_NUMBER": 9, "HISTORY_SEQ_NBR": 10, "USER_ID": 0x1234,
            "HISTORY_CODE": { "CODE": 20, "MFG_FLAG": 1 }, "HISTORY_ARGUMENT": "01020304",
        })
    );
}

#[test]
fn log_limits_of_both_editions() {
    let short = decode(&[(71, &[0, 1, 0, 4, 0, 2, 0, 3, 0])]);
    assert_eq!(
        (&short["NBR_EVENT_ENTRIES"], short.get("EXT_LOG_FLAGS")),
        (&json!(3), None)
    );
    let long = decode(&[(71, &[0, 1, 0, 4, 0, 2, 0, 3, 0, 1, 5, 0])]);
    assert_eq!(long["NBR_PROGRAM_TABLES"], json!(5));
}

#[test]
fn a_calendar_of_the_size_that_its_meter_declares() {
    // 25 fixed dates, 23 recurring, 200 switches, 12 seasons with 2 special schedules: 804 bytes and its own id.
    let st51 = [0, 0, 0x2C, 25, 23, 200, 0, 0x28, 3];
    let record = decode(&[(51, &st51), (54, &[0; 804])]);
    assert!(!record.contains_key("REST"));
    assert_eq!(
        record["DAILY_SCHEDULES"].as_array().expect("a list").len(),
        12
    );
}

#[test]
fn most_significant_byte_first_and_identifiers_in_bcd() {
    let mut st0 = ST0;
    st0[0] |= 1;
    st0[1] |= 0x20;
    let st5 = decode(&[(0, &st0), (5, &[0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0x99])]);
    assert_eq!(st5["IDENTIFICATION"], json!("12345600000000000099"));
    let st21 = [0, 0, 0, 1, 0, 0, 1, 0, 0, 0];
    let st23 = decode(&[(0, &st0), (21, &st21), (23, &[0, 0, 1, 2])]);
    assert_eq!(st23["TOT_DATA_BLOCK"]["SUMMATIONS"], json!([258]));
}

#[test]
fn a_table_that_is_too_short_says_where() {
    let error = table(
        layout::find(1).expect("ST1"),
        &[0; 31],
        &Dimensions::default(),
    )
    .expect_err("31 of 32 bytes");
    assert_eq!(
        format!("{error:#}"),
        "GENERAL_MFG_ID does not fit its layout: MFG_SERIAL_NUMBER: 16 bytes are wanted and 15 are left"
    );
}

#[test]
fn calibration_constants_by_name() {
    let mut constants = c12::calibration::Constants::NOMINAL;
    constants.count = 3;
    constants.channels[1].gain = 5 << 27;
    constants.channels[1].noise = 4489 * 256 + 128;
    constants.channels[1].phase = -(1 << 24);
    constants.curves[1][4].current_ua = 30_500_000;
    constants.curves[1][4].gain = -1 << 10;
    let record = decode(&[(2049, &constants.to_bytes())]);
    assert_eq!(record["version"], json!(1));
    assert_eq!(record["count"], json!(3));
    assert_eq!(record["voltage"]["gain"], json!(1.0));
    assert_eq!(record["line"]["gain"], json!(0.625));
    assert_eq!(record["line"]["noise_code2"], json!(4489.5));
    assert_eq!(record["line"]["phase_rad"], json!(-1.0 / 64.0));
    let point = &record["neutral_curve"][4];
    assert_eq!(point["current_a"], json!(30.5));
    assert_eq!(point["gain"], json!(-1.0 / 1024.0));
    assert_eq!(record["temperature"].as_array().map(Vec::len), Some(3));
    assert_eq!(record["starting_reactive"], json!(117_285_000));
    assert!(record.get("REST").is_none());
}
