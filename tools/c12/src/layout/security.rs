//! Decade 4: passwords, keys, who may read and write what.

use super::Layout;
use crate::field::{Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 6] = [
    Layout {
        table: 40,
        name: "DIM_SECURITY_LIM",
        fields: &LIMITS,
    },
    Layout {
        table: 41,
        name: "ACT_SECURITY_LIM",
        fields: &LIMITS,
    },
    Layout {
        table: 42,
        name: "SECURITY",
        fields: &ST42,
    },
    Layout {
        table: 43,
        name: "DEFAULT_ACCESS_CONTROL",
        fields: &ST43,
    },
    Layout {
        table: 44,
        name: "ACCESS_CONTROL",
        fields: &ST44,
    },
    Layout {
        table: 45,
        name: "KEY",
        fields: &ST45,
    },
];

const LIMITS: [Field; 5] = [
    Field::new("NBR_PASSWORDS", Kind::Unsigned(1)),
    Field::new("PASSWORD_LEN", Kind::Unsigned(1)),
    Field::new("NBR_KEYS", Kind::Unsigned(1)),
    Field::new("KEY_LEN", Kind::Unsigned(1)),
    Field::new("NBR_PERM_USED", Kind::Unsigned(2)),
];

const GROUPS: Kind = Kind::Flags(
    1,
    &[
        "GROUP_0", "GROUP_1", "GROUP_2", "GROUP_3", "GROUP_4", "GROUP_5", "GROUP_6", "GROUP_7",
    ],
);

const ST42: [Field; 1] = [Field::new(
    "SECURITY_ENTRIES",
    Kind::Group(&[
        Field::new("PASSWORD", Kind::BytesOf("PASSWORD_LEN")),
        Field::new("ACCESS_PERMISSIONS", GROUPS),
    ]),
)
.times("NBR_PASSWORDS")];

/// TABLE_IDC and the groups that it lets in.
const PERMISSION: [Field; 3] = [
    Field::new(
        "ACCESS_TABLE_DEF",
        Kind::Bits(
            2,
            &[
                bits("TBL_PROC_NBR", 0, 11),
                bits("STD_VS_MFG_FLAG", 11, 1),
                bits("PROC_FLAG", 12, 1),
                bits("ANY_READ_FLAG", 13, 1),
                bits("ANY_WRITE_FLAG", 14, 1),
            ],
        ),
    ),
    Field::new("READ", GROUPS),
    Field::new("WRITE", GROUPS),
];

const ST43: [Field; 2] = [
    Field::new("TABLE_DEFAULT", Kind::Group(&PERMISSION)),
    Field::new("PROC_DEFAULT", Kind::Group(&PERMISSION)),
];

const ST44: [Field; 1] =
    [Field::new("ACCESS_CONTROL", Kind::Group(&PERMISSION)).times("NBR_PERM_USED")];

const ST45: [Field; 1] = [Field::new("KEY_ENTRIES", Kind::BytesOf("KEY_LEN")).times("NBR_KEYS")];
