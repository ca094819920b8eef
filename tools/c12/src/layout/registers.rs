//! Decade 2: energies, demands, self-reads and present values.

use super::Layout;
use crate::field::{Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 9] = [
    Layout {
        table: 20,
        name: "DIM_REGS",
        fields: &LIMITS,
    },
    Layout {
        table: 21,
        name: "ACT_REGS",
        fields: &LIMITS,
    },
    Layout {
        table: 22,
        name: "DATA_SELECTION",
        fields: &ST22,
    },
    Layout {
        table: 23,
        name: "CURRENT_REG_DATA",
        fields: &ST23,
    },
    Layout {
        table: 24,
        name: "PREVIOUS_SEASON_DATA",
        fields: &ST24,
    },
    Layout {
        table: 25,
        name: "PREVIOUS_DEMAND_RESET_DATA",
        fields: &ST24,
    },
    Layout {
        table: 26,
        name: "SELF_READ_DATA",
        fields: &ST26,
    },
    Layout {
        table: 27,
        name: "PRESENT_REGISTER_SELECT",
        fields: &ST27,
    },
    Layout {
        table: 28,
        name: "PRESENT_REGISTER_DATA",
        fields: &ST28,
    },
];

const LIMITS: [Field; 10] = [
    Field::new(
        "REG_FUNC1_FLAGS",
        Kind::Flags(
            1,
            &[
                "SEASON_INFO_FIELD_FLAG",
                "DATE_TIME_FIELD_FLAG",
                "DEMAND_RESET_CTR_FLAG",
                "DEMAND_RESET_LOCK_FLAG",
                "CUM_DEMAND_FLAG",
                "CONT_CUM_DEMAND_FLAG",
                "TIME_REMAINING_FLAG",
            ],
        ),
    ),
    Field::new(
        "REG_FUNC2_FLAGS",
        Kind::Bits(
            1,
            &[
                bits("SELF_READ_INHIBIT_OVERFLOW_FLAG", 0, 1),
                bits("SELF_READ_SEQ_NBR_FLAG", 1, 1),
                bits("DAILY_SELF_READ_FLAG", 2, 1),
                bits("WEEKLY_SELF_READ_FLAG", 3, 1),
                bits("SELF_READ_DEMAND_RESET", 4, 2),
            ],
        ),
    ),
    Field::new("NBR_SELF_READS", Kind::Unsigned(1)),
    Field::new("NBR_SUMMATIONS", Kind::Unsigned(1)),
    Field::new("NBR_DEMANDS", Kind::Unsigned(1)),
    Field::new("NBR_COIN_VALUES", Kind::Unsigned(1)),
    Field::new("NBR_OCCUR", Kind::Unsigned(1)),
    Field::new("NBR_TIERS", Kind::Unsigned(1)),
    Field::new("NBR_PRESENT_DEMANDS", Kind::Unsigned(1)),
    Field::new("NBR_PRESENT_VALUES", Kind::Unsigned(1)),
];

const ST22: [Field; 5] = [
    Field::new("SUMMATION_SELECT", Kind::Unsigned(1)).times("NBR_SUMMATIONS"),
    Field::new("DEMAND_SELECT", Kind::Unsigned(1)).times("NBR_DEMANDS"),
    Field::new("MIN_OR_MAX_FLAGS", Kind::SetOf("NBR_DEMANDS")),
    Field::new("COINCIDENT_SELECT", Kind::Unsigned(1)).times("NBR_COIN_VALUES"),
    Field::new("COIN_DEMAND_ASSOC", Kind::Unsigned(1)).times("NBR_COIN_VALUES"),
];

const DATA_BLOCK: [Field; 3] = [
    Field::new("SUMMATIONS", Kind::Ni1).times("NBR_SUMMATIONS"),
    Field::new(
        "DEMANDS",
        Kind::Group(&[
            Field::new("EVENT_TIME", Kind::Stime)
                .times("NBR_OCCUR")
                .when("DATE_TIME_FIELD_FLAG"),
            Field::new("CUM_DEMAND", Kind::Ni1).when("CUM_DEMAND_FLAG"),
            Field::new("CONT_CUM_DEMAND", Kind::Ni1).when("CONT_CUM_DEMAND_FLAG"),
            Field::new("DEMAND", Kind::Ni2).times("NBR_OCCUR"),
        ]),
    )
    .times("NBR_DEMANDS"),
    Field::new(
        "COINCIDENTS",
        Kind::Group(&[Field::new("COINCIDENT_VALUES", Kind::Ni2).times("NBR_OCCUR")]),
    )
    .times("NBR_COIN_VALUES"),
];

const ST23: [Field; 3] = [
    Field::new("NBR_DEMAND_RESETS", Kind::Unsigned(1)).when("DEMAND_RESET_CTR_FLAG"),
    Field::new("TOT_DATA_BLOCK", Kind::Group(&DATA_BLOCK)),
    Field::new("TIER_DATA_BLOCK", Kind::Group(&DATA_BLOCK)).times("NBR_TIERS"),
];

const ST24: [Field; 3] = [
    Field::new("END_DATE_TIME", Kind::Stime).when("DATE_TIME_FIELD_FLAG"),
    Field::new("SEASON", Kind::Unsigned(1)).when("SEASON_INFO_FIELD_FLAG"),
    Field::new("REGISTER_DATA", Kind::Group(&ST23)),
];

const ST26: [Field; 6] = [
    Field::new(
        "LIST_STATUS",
        Kind::Flags(
            1,
            &["DESCENDING", "OVERFLOW", "CIRCULAR", "INHIBIT_OVERFLOW"],
        ),
    ),
    Field::new("NBR_VALID_ENTRIES", Kind::Unsigned(1)),
    Field::new("LAST_ENTRY_ELEMENT", Kind::Unsigned(1)),
    Field::new("LAST_ENTRY_SEQ_NBR", Kind::Unsigned(2)),
    Field::new("NBR_UNREAD_ENTRIES", Kind::Unsigned(1)),
    Field::new(
        "SELF_READS_ENTRIES",
        Kind::Group(&[
            Field::new("SELF_READ_SEQ_NBR", Kind::Unsigned(2)).when("SELF_READ_SEQ_NBR_FLAG"),
            Field::new("END_DATE_TIME", Kind::Stime).when("DATE_TIME_FIELD_FLAG"),
            Field::new("SEASON", Kind::Unsigned(1)).when("SEASON_INFO_FIELD_FLAG"),
            Field::new("REGISTER_DATA", Kind::Group(&ST23)),
        ]),
    )
    .times("NBR_SELF_READS"),
];

const ST27: [Field; 2] = [
    Field::new("PRESENT_DEMAND_SELECT", Kind::Unsigned(1)).times("NBR_PRESENT_DEMANDS"),
    Field::new("PRESENT_VALUE_SELECT", Kind::Unsigned(1)).times("NBR_PRESENT_VALUES"),
];

const ST28: [Field; 2] = [
    Field::new(
        "PRESENT_DEMAND",
        Kind::Group(&[
            Field::new("TIME_REMAINING", Kind::Time).when("TIME_REMAINING_FLAG"),
            Field::new("DEMAND_VALUE", Kind::Ni2),
        ]),
    )
    .times("NBR_PRESENT_DEMANDS"),
    Field::new("PRESENT_VALUE", Kind::Ni1).times("NBR_PRESENT_VALUES"),
];
