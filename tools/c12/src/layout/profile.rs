//! Decade 6: load profile. Four sets at most; what is written for set 1 holds for the others by name.

use super::Layout;
use crate::field::{Field, Kind};

pub(super) const LAYOUTS: [Layout; 8] = [
    Layout {
        table: 60,
        name: "DIM_LP",
        fields: &LIMITS,
    },
    Layout {
        table: 61,
        name: "ACT_LP",
        fields: &LIMITS,
    },
    Layout {
        table: 62,
        name: "LP_CTRL",
        fields: &ST62,
    },
    Layout {
        table: 63,
        name: "LP_STATUS",
        fields: &ST63,
    },
    Layout {
        table: 64,
        name: "LP_DATA_SET1",
        fields: &ST64,
    },
    Layout {
        table: 65,
        name: "LP_DATA_SET2",
        fields: &ST65,
    },
    Layout {
        table: 66,
        name: "LP_DATA_SET3",
        fields: &ST66,
    },
    Layout {
        table: 67,
        name: "LP_DATA_SET4",
        fields: &ST67,
    },
];

const LIMITS: [Field; 19] = [
    Field::new("LP_MEMORY_LEN", Kind::Unsigned(4)),
    Field::new(
        "LP_FLAGS",
        Kind::Flags(
            2,
            &[
                "LP_SET1_INHIBIT_OVF_FLAG",
                "LP_SET2_INHIBIT_OVF_FLAG",
                "LP_SET3_INHIBIT_OVF_FLAG",
                "LP_SET4_INHIBIT_OVF_FLAG",
                "BLK_END_READ_FLAG",
                "BLK_END_PULSE_FLAG",
                "SCALAR_DIVISOR_FLAG_SET1",
                "SCALAR_DIVISOR_FLAG_SET2",
                "SCALAR_DIVISOR_FLAG_SET3",
                "SCALAR_DIVISOR_FLAG_SET4",
                "EXTENDED_INT_STATUS_FLAG",
                "SIMPLE_INT_STATUS_FLAG",
                "CLOSURE_STATUS_FLAG",
            ],
        ),
    ),
    Field::new(
        "LP_FMATS",
        Kind::Flags(
            1,
            &[
                "INV_UINT8_FLAG",
                "INV_UINT16_FLAG",
                "INV_UINT32_FLAG",
                "INV_INT8_FLAG",
                "INV_INT16_FLAG",
                "INV_INT32_FLAG",
                "INV_NI_FMAT1_FLAG",
                "INV_NI_FMAT2_FLAG",
            ],
        ),
    ),
    Field::new("NBR_BLKS_SET1", Kind::Unsigned(2)).optional(),
    Field::new("NBR_BLK_INTS_SET1", Kind::Unsigned(2)).optional(),
    Field::new("NBR_CHNS_SET1", Kind::Unsigned(1)).optional(),
    Field::new("MAX_INT_TIME_SET1", Kind::Unsigned(1)).optional(),
    Field::new("NBR_BLKS_SET2", Kind::Unsigned(2)).optional(),
    Field::new("NBR_BLK_INTS_SET2", Kind::Unsigned(2)).optional(),
    Field::new("NBR_CHNS_SET2", Kind::Unsigned(1)).optional(),
    Field::new("MAX_INT_TIME_SET2", Kind::Unsigned(1)).optional(),
    Field::new("NBR_BLKS_SET3", Kind::Unsigned(2)).optional(),
    Field::new("NBR_BLK_INTS_SET3", Kind::Unsigned(2)).optional(),
    Field::new("NBR_CHNS_SET3", Kind::Unsigned(1)).optional(),
    Field::new("MAX_INT_TIME_SET3", Kind::Unsigned(1)).optional(),
    Field::new("NBR_BLKS_SET4", Kind::Unsigned(2)).optional(),
    Field::new("NBR_BLK_INTS_SET4", Kind::Unsigned(2)).optional(),
    Field::new("NBR_CHNS_SET4", Kind::Unsigned(1)).optional(),
    Field::new("MAX_INT_TIME_SET4", Kind::Unsigned(1)).optional(),
];

/// What each channel of a set records.
const CHANNEL: Kind = Kind::Group(&[
    Field::new("CHNL_FLAGS", Kind::Flags(1, &["END_RDG_FLAG"])),
    Field::new("LP_SOURCE_SELECT", Kind::Unsigned(1)),
    Field::new("END_BLK_RDG_SOURCE_SELECT", Kind::Unsigned(1)),
]);

const ST62: [Field; 16] = [
    Field::new("LP_SEL_SET1", CHANNEL)
        .times("NBR_CHNS_SET1")
        .optional(),
    Field::new("INT_FMT_CDE1", Kind::Unsigned(1)).optional(),
    Field::new("SCALARS_SET1", Kind::Unsigned(2))
        .times("NBR_CHNS_SET1")
        .when("SCALAR_DIVISOR_FLAG_SET1"),
    Field::new("DIVISOR_SET1", Kind::Unsigned(2))
        .times("NBR_CHNS_SET1")
        .when("SCALAR_DIVISOR_FLAG_SET1"),
    Field::new("LP_SEL_SET2", CHANNEL)
        .times("NBR_CHNS_SET2")
        .optional(),
    Field::new("INT_FMT_CDE2", Kind::Unsigned(1)).optional(),
    Field::new("SCALARS_SET2", Kind::Unsigned(2))
        .times("NBR_CHNS_SET2")
        .when("SCALAR_DIVISOR_FLAG_SET2"),
    Field::new("DIVISOR_SET2", Kind::Unsigned(2))
        .times("NBR_CHNS_SET2")
        .when("SCALAR_DIVISOR_FLAG_SET2"),
    Field::new("LP_SEL_SET3", CHANNEL)
        .times("NBR_CHNS_SET3")
        .optional(),
    Field::new("INT_FMT_CDE3", Kind::Unsigned(1)).optional(),
    Field::new("SCALARS_SET3", Kind::Unsigned(2))
        .times("NBR_CHNS_SET3")
        .when("SCALAR_DIVISOR_FLAG_SET3"),
    Field::new("DIVISOR_SET3", Kind::Unsigned(2))
        .times("NBR_CHNS_SET3")
        .when("SCALAR_DIVISOR_FLAG_SET3"),
    Field::new("LP_SEL_SET4", CHANNEL)
        .times("NBR_CHNS_SET4")
        .optional(),
    Field::new("INT_FMT_CDE4", Kind::Unsigned(1)).optional(),
    Field::new("SCALARS_SET4", Kind::Unsigned(2))
        .times("NBR_CHNS_SET4")
        .when("SCALAR_DIVISOR_FLAG_SET4"),
    Field::new("DIVISOR_SET4", Kind::Unsigned(2))
        .times("NBR_CHNS_SET4")
        .when("SCALAR_DIVISOR_FLAG_SET4"),
];

const STATUS: Kind = Kind::Group(&[
    Field::new(
        "LP_SET_STATUS_FLAGS",
        Kind::Flags(
            1,
            &[
                "BLOCK_ORDER_DESCENDING",
                "OVERFLOW_FLAG",
                "LIST_TYPE_CIRCULAR",
                "BLOCK_INHIBIT_OVERFLOW_FLAG",
                "INTERVAL_ORDER_DESCENDING",
                "ACTIVE_MODE_FLAG",
                "TEST_MODE",
            ],
        ),
    ),
    Field::new("NBR_VALID_BLOCKS", Kind::Unsigned(2)),
    Field::new("LAST_BLOCK_ELEMENT", Kind::Unsigned(2)),
    Field::new("LAST_BLOCK_SEQ_NBR", Kind::Unsigned(4)),
    Field::new("NBR_UNREAD_BLOCKS", Kind::Unsigned(2)),
    Field::new("NBR_VALID_INT", Kind::Unsigned(2)),
]);

const ST63: [Field; 4] = [
    Field::new("LP_STATUS_SET1", STATUS).optional(),
    Field::new("LP_STATUS_SET2", STATUS).optional(),
    Field::new("LP_STATUS_SET3", STATUS).optional(),
    Field::new("LP_STATUS_SET4", STATUS).optional(),
];

/// The data table of one set; const names because the standard numbers every field.
macro_rules! data_set {
    ($name:ident, $blocks:literal, $intervals:literal, $channels:literal, $format:literal) => {
        const $name: [Field; 1] = [Field::new(
            "LP_DATA_SETS",
            Kind::Group(&[
                Field::new("BLK_END_TIME", Kind::Stime),
                Field::new(
                    "END_READINGS",
                    Kind::Group(&[
                        Field::new("BLK_END_RDG", Kind::Ni1).when("BLK_END_READ_FLAG"),
                        Field::new("BLK_END_PULSE", Kind::Unsigned(4)).when("BLK_END_PULSE_FLAG"),
                    ]),
                )
                .times($channels),
                Field::new("SET_SIMPLE_INT_STATUS", Kind::SetOf($intervals))
                    .when("SIMPLE_INT_STATUS_FLAG"),
                Field::new(
                    "LP_INT",
                    Kind::Group(&[
                        Field::new("EXTENDED_INT_STATUS", Kind::IntervalStatus($channels))
                            .when("EXTENDED_INT_STATUS_FLAG"),
                        Field::new("INT_DATA", Kind::Interval($format)).times($channels),
                    ]),
                )
                .times($intervals),
            ]),
        )
        .times($blocks)];
    };
}

data_set!(
    ST64,
    "NBR_BLKS_SET1",
    "NBR_BLK_INTS_SET1",
    "NBR_CHNS_SET1",
    "INT_FMT_CDE1"
);
data_set!(
    ST65,
    "NBR_BLKS_SET2",
    "NBR_BLK_INTS_SET2",
    "NBR_CHNS_SET2",
    "INT_FMT_CDE2"
);
data_set!(
    ST66,
    "NBR_BLKS_SET3",
    "NBR_BLK_INTS_SET3",
    "NBR_CHNS_SET3",
    "INT_FMT_CDE3"
);
data_set!(
    ST67,
    "NBR_BLKS_SET4",
    "NBR_BLK_INTS_SET4",
    "NBR_CHNS_SET4",
    "INT_FMT_CDE4"
);
