//! Decade 7: history and event log.

use super::Layout;
use crate::field::{Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 7] = [
    Layout {
        table: 70,
        name: "DIM_LOG",
        fields: &LIMITS,
    },
    Layout {
        table: 71,
        name: "ACT_LOG",
        fields: &LIMITS,
    },
    Layout {
        table: 72,
        name: "EVENTS_IDENTIFICATION",
        fields: &ST72,
    },
    Layout {
        table: 73,
        name: "HISTORY_LOG_CTRL",
        fields: &CONTROL,
    },
    Layout {
        table: 74,
        name: "HISTORY_LOG",
        fields: &ST74,
    },
    Layout {
        table: 75,
        name: "EVENT_LOG_CTRL",
        fields: &CONTROL,
    },
    Layout {
        table: 76,
        name: "EVENT_LOG",
        fields: &ST76,
    },
];

const LIMITS: [Field; 9] = [
    Field::new(
        "LOG_FLAGS",
        Kind::Flags(
            1,
            &[
                "EVENT_NUMBER_FLAG",
                "HIST_DATE_TIME_FLAG",
                "HIST_SEQ_NBR_FLAG",
                "HIST_INHIBIT_OVF_FLAG",
                "EVENT_INHIBIT_OVF_FLAG",
            ],
        ),
    ),
    Field::new("NBR_STD_EVENTS", Kind::Unsigned(1)),
    Field::new("NBR_MFG_EVENTS", Kind::Unsigned(1)),
    Field::new("HIST_DATA_LENGTH", Kind::Unsigned(1)),
    Field::new("EVENT_DATA_LENGTH", Kind::Unsigned(1)),
    Field::new("NBR_HISTORY_ENTRIES", Kind::Unsigned(2)),
    Field::new("NBR_EVENT_ENTRIES", Kind::Unsigned(2)),
    // Edition of 2008.
    Field::new("EXT_LOG_FLAGS", Kind::Unsigned(1)).optional(),
    Field::new("NBR_PROGRAM_TABLES", Kind::Unsigned(2)).optional(),
];

const ST72: [Field; 2] = [
    Field::new("STD_EVENTS_SUPPORTED", Kind::Set("NBR_STD_EVENTS")),
    Field::new("MFG_EVENTS_SUPPORTED", Kind::Set("NBR_MFG_EVENTS")),
];

const CONTROL: [Field; 6] = [
    Field::new("STD_EVENTS_MONITORED", Kind::Set("NBR_STD_EVENTS")),
    Field::new("MFG_EVENTS_MONITORED", Kind::Set("NBR_MFG_EVENTS")),
    Field::new("STD_TBLS_MONITORED", Kind::Set("DIM_STD_TBLS_USED")),
    Field::new("MFG_TBLS_MONITORED", Kind::Set("DIM_MFG_TBLS_USED")),
    Field::new("STD_PROC_MONITORED", Kind::Set("DIM_STD_PROC_USED")),
    Field::new("MFG_PROC_MONITORED", Kind::Set("DIM_MFG_PROC_USED")),
];

const LOG_STATUS: Field = Field::new(
    "LOG_FLAGS",
    Kind::Flags(
        1,
        &[
            "ORDER_DESCENDING",
            "OVERFLOW",
            "CIRCULAR",
            "INHIBIT_OVERFLOW",
        ],
    ),
);

const CODE: Kind = Kind::Bits(2, &[bits("CODE", 0, 11), bits("MFG_FLAG", 11, 1)]);

const ST74: [Field; 6] = [
    LOG_STATUS,
    Field::new("NBR_VALID_ENTRIES", Kind::Unsigned(2)),
    Field::new("LAST_ENTRY_ELEMENT", Kind::Unsigned(2)),
    Field::new("LAST_ENTRY_SEQ_NBR", Kind::Unsigned(4)),
    Field::new("NBR_UNREAD_ENTRIES", Kind::Unsigned(2)),
    Field::new(
        "ENTRIES",
        Kind::Group(&[
            Field::new("HISTORY_TIME", Kind::Ltime).when("HIST_DATE_TIME_FLAG"),
            Field::new("EVENT_NUMBER", Kind::Unsigned(2)).when("EVENT_NUMBER_FLAG"),
            Field::new("HISTORY_SEQ_NBR", Kind::Unsigned(2)).when("HIST_SEQ_NBR_FLAG"),
            Field::new("USER_ID", Kind::Unsigned(2)),
            Field::new("HISTORY_CODE", CODE),
            Field::new("HISTORY_ARGUMENT", Kind::BytesOf("HIST_DATA_LENGTH")),
        ]),
    )
    .times("NBR_HISTORY_ENTRIES"),
];

const ST76: [Field; 6] = [
    LOG_STATUS,
    Field::new("NBR_VALID_ENTRIES", Kind::Unsigned(2)),
    Field::new("LAST_ENTRY_ELEMENT", Kind::Unsigned(2)),
    Field::new("LAST_ENTRY_SEQ_NBR", Kind::Unsigned(4)),
    Field::new("NBR_UNREAD_ENTRIES", Kind::Unsigned(2)),
    Field::new(
        "ENTRIES",
        Kind::Group(&[
            Field::new("EVENT_TIME", Kind::Ltime),
            Field::new("EVENT_NUMBER", Kind::Unsigned(2)),
            Field::new("EVENT_SEQ_NBR", Kind::Unsigned(2)).when("HIST_SEQ_NBR_FLAG"),
            Field::new("USER_ID", Kind::Unsigned(2)),
            Field::new("EVENT_CODE", CODE),
            Field::new("EVENT_ARGUMENT", Kind::BytesOf("EVENT_DATA_LENGTH")),
        ]),
    )
    .times("NBR_EVENT_ENTRIES"),
];
