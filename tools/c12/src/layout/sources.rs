//! Decade 1: what is measured, in which units, with which constants.

use super::Layout;
use crate::field::{Bits, Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 7] = [
    Layout {
        table: 10,
        name: "DIM_SOURCES_LIM",
        fields: &LIMITS,
    },
    Layout {
        table: 11,
        name: "ACT_SOURCES_LIM",
        fields: &LIMITS,
    },
    Layout {
        table: 12,
        name: "UOM_ENTRY",
        fields: &ST12,
    },
    Layout {
        table: 13,
        name: "DEMAND_CONTROL",
        fields: &ST13,
    },
    Layout {
        table: 14,
        name: "DATA_CONTROL",
        fields: &ST14,
    },
    Layout {
        table: 15,
        name: "CONSTANTS",
        fields: &ST15,
    },
    Layout {
        table: 16,
        name: "SOURCE_DEFINITION",
        fields: &ST16,
    },
];

const LIMITS: [Field; 8] = [
    Field::new(
        "SOURCE_FLAGS",
        Kind::Flags(
            1,
            &[
                "PF_EXCLUDE_FLAG",
                "RESET_EXCLUDE_FLAG",
                "BLOCK_DEMAND_FLAG",
                "SLIDING_DEMAND_FLAG",
                "THERMAL_DEMAND_FLAG",
                "SET1_PRESENT_FLAG",
                "SET2_PRESENT_FLAG",
                "CONVERSION_ALG_FLAG",
            ],
        ),
    ),
    Field::new("NBR_UOM_ENTRIES", Kind::Unsigned(1)),
    Field::new("NBR_DEMAND_CTRL_ENTRIES", Kind::Unsigned(1)),
    Field::new("DATA_CTRL_LENGTH", Kind::Unsigned(1)),
    Field::new("NBR_DATA_CTRL_ENTRIES", Kind::Unsigned(1)),
    Field::new("NBR_CONSTANTS_ENTRIES", Kind::Unsigned(1)),
    Field::new("CONSTANTS_SELECTOR", Kind::Unsigned(1)),
    Field::new("NBR_SOURCES", Kind::Unsigned(1)),
];

const UOM: [Bits; 12] = [
    bits("ID_CODE", 0, 8),
    bits("TIME_BASE", 8, 3),
    bits("MULTIPLIER", 11, 3),
    bits("Q1_ACCOUNTABILITY", 14, 1),
    bits("Q2_ACCOUNTABILITY", 15, 1),
    bits("Q3_ACCOUNTABILITY", 16, 1),
    bits("Q4_ACCOUNTABILITY", 17, 1),
    bits("NET_FLOW_ACCOUNTABILITY", 18, 1),
    bits("SEGMENTATION", 19, 3),
    bits("HARMONIC", 22, 1),
    bits("ID_RESOURCE", 23, 5),
    bits("NFS", 31, 1),
];

const ST12: [Field; 1] = [Field::new("UOM_ENTRY", Kind::Bits(4, &UOM)).times("NBR_UOM_ENTRIES")];

const ST13: [Field; 6] = [
    Field::new("RESET_EXCLUSION", Kind::Unsigned(1)).when("RESET_EXCLUDE_FLAG"),
    Field::new("P_FAIL_RECOGNTN_TM", Kind::Unsigned(1)).when("PF_EXCLUDE_FLAG"),
    Field::new("P_FAIL_EXCLUSION", Kind::Unsigned(1)).when("PF_EXCLUDE_FLAG"),
    Field::new("COLD_LOAD_PICKUP", Kind::Unsigned(1)).when("PF_EXCLUDE_FLAG"),
    Field::new(
        "SLIDING_INTERVALS",
        Kind::Group(&[
            Field::new("SUB_INT", Kind::Unsigned(1)),
            Field::new("INT_MULTIPLIER", Kind::Unsigned(1)),
        ]),
    )
    .times("NBR_DEMAND_CTRL_ENTRIES")
    .when("SLIDING_DEMAND_FLAG"),
    Field::new("INT_LENGTH", Kind::Unsigned(2))
        .times("NBR_DEMAND_CTRL_ENTRIES")
        .unless("SLIDING_DEMAND_FLAG"),
];

const ST14: [Field; 1] = [Field::new("SOURCES_DATA", Kind::Rest)];

const ST15: [Field; 1] = [Field::new(
    "ELECTRIC_CONSTANTS",
    Kind::Group(&[
        Field::new("MULTIPLIER", Kind::Ni1),
        Field::new("OFFSET", Kind::Ni1),
        Field::new("SET_1", Kind::Group(&RATIOS)).when("SET1_PRESENT_FLAG"),
        Field::new("SET_2", Kind::Group(&RATIOS)).when("SET2_PRESENT_FLAG"),
    ]),
)
.times("NBR_CONSTANTS_ENTRIES")];

const RATIOS: [Field; 3] = [
    Field::new(
        "SET_FLAGS",
        Kind::Bits(1, &[bits("SET_APPLIED_FLAG", 0, 1)]),
    ),
    Field::new("RATIO_F1", Kind::Ni1),
    Field::new("RATIO_P1", Kind::Ni1),
];

const ST16: [Field; 1] = [Field::new(
    "SOURCES_LIST",
    Kind::Flags(
        1,
        &[
            "UOM_ENTRY_FLAG",
            "DEMAND_CTRL_FLAG",
            "DATA_CTRL_FLAG",
            "CONSTANTS_FLAG",
            "ENGINEERING_UNITS",
            "CONSTANT_TO_BE_APPLIED",
        ],
    ),
)
.times("NBR_SOURCES")];
