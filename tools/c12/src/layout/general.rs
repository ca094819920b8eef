//! Decade 0: configuration, identity, status, procedures.

use super::Layout;
use crate::field::{Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 9] = [
    Layout {
        table: 0,
        name: "GEN_CONFIG",
        fields: &ST0,
    },
    Layout {
        table: 1,
        name: "GENERAL_MFG_ID",
        fields: &ST1,
    },
    Layout {
        table: 2,
        name: "DEVICE_NAMEPLATE",
        fields: &ST2,
    },
    Layout {
        table: 3,
        name: "ED_MODE_STATUS",
        fields: &ST3,
    },
    Layout {
        table: 4,
        name: "PENDING_STATUS",
        fields: &ST4,
    },
    Layout {
        table: 5,
        name: "DEVICE_IDENT",
        fields: &ST5,
    },
    Layout {
        table: 6,
        name: "UTIL_INFO",
        fields: &ST6,
    },
    Layout {
        table: 7,
        name: "PROC_INITIATE",
        fields: &ST7,
    },
    Layout {
        table: 8,
        name: "PROC_RESPONSE",
        fields: &ST8,
    },
];

const ST0: [Field; 22] = [
    Field::new(
        "FORMAT_CONTROL_1",
        Kind::Bits(
            1,
            &[
                bits("DATA_ORDER", 0, 1),
                bits("CHAR_FORMAT", 1, 3),
                bits("MODEL_SELECT", 4, 3),
            ],
        ),
    ),
    Field::new(
        "FORMAT_CONTROL_2",
        Kind::Bits(
            1,
            &[
                bits("TM_FORMAT", 0, 3),
                bits("DATA_ACCESS_METHOD", 3, 2),
                bits("ID_FORM", 5, 1),
                bits("INT_FORMAT", 6, 2),
            ],
        ),
    ),
    Field::new(
        "FORMAT_CONTROL_3",
        Kind::Bits(1, &[bits("NI_FORMAT1", 0, 4), bits("NI_FORMAT2", 4, 4)]),
    ),
    Field::new("MANUFACTURER", Kind::Chars(4)),
    Field::new("NAMEPLATE_TYPE", Kind::Unsigned(1)),
    Field::new("DEFAULT_SET_USED", Kind::Unsigned(1)),
    Field::new("MAX_PROC_PARM_LENGTH", Kind::Unsigned(1)),
    Field::new("MAX_RESP_DATA_LEN", Kind::Unsigned(1)),
    Field::new("STD_VERSION_NO", Kind::Unsigned(1)),
    Field::new("STD_REVISION_NO", Kind::Unsigned(1)),
    Field::new("DIM_STD_TBLS_USED", Kind::Unsigned(1)),
    Field::new("DIM_MFG_TBLS_USED", Kind::Unsigned(1)),
    Field::new("DIM_STD_PROC_USED", Kind::Unsigned(1)),
    Field::new("DIM_MFG_PROC_USED", Kind::Unsigned(1)),
    Field::new("DIM_MFG_STATUS_USED", Kind::Unsigned(1)),
    Field::new("NBR_PENDING", Kind::Unsigned(1)),
    Field::new("STD_TBLS_USED", Kind::Set("DIM_STD_TBLS_USED")),
    Field::new("MFG_TBLS_USED", Kind::Set("DIM_MFG_TBLS_USED")),
    Field::new("STD_PROC_USED", Kind::Set("DIM_STD_PROC_USED")),
    Field::new("MFG_PROC_USED", Kind::Set("DIM_MFG_PROC_USED")),
    Field::new("STD_TBLS_WRITE", Kind::Set("DIM_STD_TBLS_USED")),
    Field::new("MFG_TBLS_WRITE", Kind::Set("DIM_MFG_TBLS_USED")),
];

const ST1: [Field; 7] = [
    Field::new("MANUFACTURER", Kind::Chars(4)),
    Field::new("ED_MODEL", Kind::Chars(8)),
    Field::new("HW_VERSION_NUMBER", Kind::Unsigned(1)),
    Field::new("HW_REVISION_NUMBER", Kind::Unsigned(1)),
    Field::new("FW_VERSION_NUMBER", Kind::Unsigned(1)),
    Field::new("FW_REVISION_NUMBER", Kind::Unsigned(1)),
    Field::new("MFG_SERIAL_NUMBER", Kind::Identifier(16, 8)),
];

const ST2: [Field; 8] = [
    Field::new("E_KH", Kind::Chars(6)),
    Field::new("E_KT", Kind::Chars(6)),
    Field::new("E_INPUT_SCALAR", Kind::Unsigned(1)),
    Field::new("E_ED_CONFIG", Kind::Chars(5)),
    Field::new(
        "E_ELEMENTS",
        Kind::Bits(
            2,
            &[
                bits("E_FREQ", 0, 3),
                bits("E_NO_OF_ELEMENTS", 3, 3),
                bits("E_BASE_TYPE", 6, 4),
                bits("E_ACCURACY_CLASS", 10, 6),
            ],
        ),
    ),
    Field::new(
        "E_VOLTS",
        Kind::Bits(
            1,
            &[
                bits("E_ELEMENTS_VOLTS", 0, 4),
                bits("E_ED_SUPPLY_VOLTS", 4, 4),
            ],
        ),
    ),
    Field::new("E_CLASS_MAX_AMPS", Kind::Chars(6)),
    Field::new("E_TA", Kind::Chars(6)),
];

/// Names of ED_STD_STATUS1 from bit 0 on.
pub(super) const STATUS_1: [&str; 14] = [
    "UNPROGRAMMED",
    "CONFIGURATION_ERROR",
    "SELF_CHK_ERROR",
    "RAM_FAILURE",
    "ROM_FAILURE",
    "NONVOL_MEM_FAILURE",
    "CLOCK_ERROR",
    "MEASUREMENT_ERROR",
    "LOW_BATTERY",
    "LOW_LOSS_POTENTIAL",
    "DEMAND_OVERLOAD",
    "POWER_FAILURE",
    "TAMPER_DETECT",
    "REVERSE_ROTATION",
];

const ST3: [Field; 4] = [
    Field::new(
        "ED_MODE",
        Kind::Flags(1, &["METERING", "TEST_MODE", "METER_SHOP_MODE", "FACTORY"]),
    ),
    Field::new("ED_STD_STATUS1", Kind::Flags(2, &STATUS_1)),
    Field::new("ED_STD_STATUS2", Kind::Unsigned(1)),
    Field::new("ED_MFG_STATUS", Kind::Set("DIM_MFG_STATUS_USED")),
];

/// What activates a pending table: its kind, and five bytes of what that needs.
pub(super) const EVENT: Field = Field::new(
    "EVENT",
    Kind::Bits(
        1,
        &[
            bits("EVENT_CODE", 0, 4),
            bits("SELF_READ_FLAG", 4, 1),
            bits("DEMAND_RESET_FLAG", 5, 1),
        ],
    ),
);
pub(super) const EVENT_STORAGE: Field = Field::new("EVENT_STORAGE", Kind::Bytes(5));

const ST4: [Field; 5] = [
    Field::new("STD_PENDING", Kind::Set("DIM_STD_TBLS_USED")),
    Field::new("MFG_PENDING", Kind::Set("DIM_MFG_TBLS_USED")),
    Field::new("LAST_ACTIVATION_DATE_TIME", Kind::Stime),
    Field::new("NBR_PENDING_ACTIVATION", Kind::Unsigned(1)),
    Field::new(
        "PENDING_TABLES",
        Kind::Group(&[
            EVENT,
            EVENT_STORAGE,
            Field::new(
                "TABLE",
                Kind::Bits(
                    2,
                    &[bits("TBL_PROC_NBR", 0, 12), bits("STILL_PENDING", 12, 1)],
                ),
            ),
        ]),
    )
    .times("NBR_PENDING"),
];

const ST5: [Field; 1] = [Field::new("IDENTIFICATION", Kind::Identifier(20, 10))];

const ST6: [Field; 17] = [
    Field::new("OWNER_NAME", Kind::Chars(20)),
    Field::new("UTILITY_DIV", Kind::Chars(20)),
    Field::new("SERVICE_POINT_ID", Kind::Identifier(20, 10)),
    Field::new("ELEC_ADDR", Kind::Chars(20)),
    Field::new("DEVICE_ID", Kind::Identifier(20, 10)),
    Field::new("UTIL_SER_NO", Kind::Identifier(20, 10)),
    Field::new("CUSTOMER_ID", Kind::Identifier(20, 10)),
    Field::new("COORDINATE_1", Kind::Bytes(10)),
    Field::new("COORDINATE_2", Kind::Bytes(10)),
    Field::new("COORDINATE_3", Kind::Bytes(10)),
    Field::new("TARIFF_ID", Kind::Chars(8)),
    Field::new("EX1_SW_VENDOR", Kind::Chars(4)),
    Field::new("EX1_SW_VERSION_NUMBER", Kind::Unsigned(1)),
    Field::new("EX1_SW_REVISION_NUMBER", Kind::Unsigned(1)),
    Field::new("EX2_SW", Kind::Bytes(6)),
    Field::new("PROGRAMMER_NAME", Kind::Chars(10)),
    Field::new("MISC_ID", Kind::Chars(30)),
];

/// TABLE_IDB.
const PROCEDURE: Kind = Kind::Bits(
    2,
    &[
        bits("PROC_NBR", 0, 11),
        bits("MFG_FLAG", 11, 1),
        bits("SELECTOR", 12, 4),
    ],
);

const ST7: [Field; 3] = [
    Field::new("PROC", PROCEDURE),
    Field::new("SEQ_NBR", Kind::Unsigned(1)),
    Field::new("PARM", Kind::Rest),
];

const ST8: [Field; 4] = [
    Field::new("PROC", PROCEDURE),
    Field::new("SEQ_NBR", Kind::Unsigned(1)),
    Field::new("RESULT_CODE", Kind::Unsigned(1)),
    Field::new("RESP_DATA", Kind::Rest),
];
