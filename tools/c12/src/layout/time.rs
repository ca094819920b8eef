//! Decade 5: clock, calendar, tiers.

use super::general::{EVENT, EVENT_STORAGE};
use super::{Layout, PENDING};
use crate::field::{Field, Kind, bits};

pub(super) const LAYOUTS: [Layout; 8] = [
    Layout {
        table: 50,
        name: "DIM_TIME_TOU",
        fields: &LIMITS,
    },
    Layout {
        table: 51,
        name: "ACT_TIME_TOU",
        fields: &LIMITS,
    },
    Layout {
        table: 52,
        name: "CLOCK",
        fields: &ST52,
    },
    Layout {
        table: 53,
        name: "TIME_OFFSET",
        fields: &ST53,
    },
    Layout {
        table: 54,
        name: "CALENDAR",
        fields: &ST54,
    },
    Layout {
        table: PENDING + 54,
        name: "pending CALENDAR",
        fields: &PENDING_ST54,
    },
    Layout {
        table: 55,
        name: "CLOCK_STATE",
        fields: &ST55,
    },
    Layout {
        table: 56,
        name: "TIME_REMAIN",
        fields: &ST56,
    },
];

const LIMITS: [Field; 7] = [
    Field::new(
        "TIME_FUNC_FLAG1",
        Kind::Flags(
            1,
            &[
                "TOU_SELF_READ_FLAG",
                "SEASON_SELF_READ_FLAG",
                "SEASON_DEMAND_RESET_FLAG",
                "SEASON_CHNG_ARMED_FLAG",
                "SORT_DATES_FLAG",
                "ANCHOR_DATE_FLAG",
            ],
        ),
    ),
    Field::new(
        "TIME_FUNC_FLAG2",
        Kind::Flags(
            1,
            &[
                "CAP_DST_AUTO_FLAG",
                "SEPARATE_WEEKDAYS_FLAG",
                "SEPARATE_SUM_DEMANDS_FLAG",
                "SORT_TIER_SWITCHES_FLAG",
                "CAP_TM_ZN_OFFSET_FLAG",
            ],
        ),
    ),
    Field::new(
        "CALENDAR_FUNC",
        Kind::Bits(
            1,
            &[bits("NBR_SEASONS", 0, 4), bits("NBR_SPECIAL_SCHED", 4, 4)],
        ),
    ),
    Field::new("NBR_NON_RECURR_DATES", Kind::Unsigned(1)),
    Field::new("NBR_RECURR_DATES", Kind::Unsigned(1)),
    Field::new("NBR_TIER_SWITCHES", Kind::Unsigned(2)),
    Field::new("CALENDAR_TBL_SIZE", Kind::Unsigned(2)),
];

/// TIME_DATE_QUAL.
const QUALIFIER: Field = Field::new(
    "TIME_DATE_QUAL",
    Kind::Bits(
        1,
        &[
            bits("DAY_OF_WEEK", 0, 3),
            bits("DST_FLAG", 3, 1),
            bits("GMT_FLAG", 4, 1),
            bits("TM_ZN_APPLIED_FLAG", 5, 1),
            bits("DST_APPLIED_FLAG", 6, 1),
            bits("DST_SUPPORTED_FLAG", 7, 1),
        ],
    ),
);

const ST52: [Field; 2] = [Field::new("CLOCK_CALENDAR", Kind::Ltime), QUALIFIER];

const ST53: [Field; 4] = [
    Field::new("DST_TIME_EFF", Kind::Time),
    Field::new("DST_TIME_AMT", Kind::Unsigned(1)),
    Field::new("TIME_ZONE_OFFSET", Kind::Signed(2)),
    Field::new("STD_TIME_EFF", Kind::Time).optional(),
];

/// CALENDAR_ACTION.
const ACTION: Field = Field::new(
    "CALENDAR_ACTION",
    Kind::Bits(
        1,
        &[
            bits("CALENDAR_CTRL", 0, 5),
            bits("DEMAND_RESET_FLAG", 5, 1),
            bits("SELF_READ_FLAG", 6, 1),
        ],
    ),
);

const DATE: Kind = Kind::Bits(
    2,
    &[bits("YEAR", 0, 7), bits("MONTH", 7, 4), bits("DAY", 11, 5)],
);

/// RDATE as its widest reading; the meaning of the upper fields depends on MONTH.
const RDATE: Kind = Kind::Bits(
    2,
    &[
        bits("MONTH", 0, 4),
        bits("OFFSET", 4, 4),
        bits("WEEKDAY", 8, 3),
        bits("DAY", 11, 5),
    ],
);

const PENDING_ST54: [Field; 8] = [
    EVENT,
    EVENT_STORAGE,
    ST54[0],
    ST54[1],
    ST54[2],
    ST54[3],
    ST54[4],
    ST54[5],
];

const ST54: [Field; 6] = [
    Field::new(
        "NON_RECURR_DATES",
        Kind::Group(&[Field::new("NON_RECURR_DATE", DATE), ACTION]),
    )
    .times("NBR_NON_RECURR_DATES"),
    Field::new("ANCHOR_DATE", DATE).when("ANCHOR_DATE_FLAG"),
    Field::new(
        "RECURR_DATES",
        Kind::Group(&[Field::new("RECURR_DATE", RDATE), ACTION]),
    )
    .times("NBR_RECURR_DATES"),
    Field::new(
        "TIER_SWITCHES",
        Kind::Group(&[
            Field::new(
                "TIER_SWITCH",
                Kind::Bits(
                    2,
                    &[
                        bits("NEW_TIER", 0, 3),
                        bits("SUMMATION_SWITCH_FLAG", 3, 1),
                        bits("DEMANDS_SWITCH_FLAG", 4, 1),
                        bits("SWITCH_MIN", 5, 6),
                        bits("SWITCH_HOUR", 11, 5),
                    ],
                ),
            ),
            Field::new("DAY_SCH_NUM", Kind::Unsigned(1)),
        ]),
    )
    .times("NBR_TIER_SWITCHES"),
    Field::new(
        "SEVEN_DAY_SCHEDULES",
        Kind::Group(&[
            Field::new("SUNDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("MONDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("TUESDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("WEDNESDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("THURSDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("FRIDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("SATURDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("SPECIAL_SCHEDULES", Kind::Unsigned(1)).times("NBR_SPECIAL_SCHED"),
        ]),
    )
    .times("NBR_SEASONS")
    .when("SEPARATE_WEEKDAYS_FLAG"),
    Field::new(
        "DAILY_SCHEDULES",
        Kind::Group(&[
            Field::new("SATURDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("SUNDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("WEEKDAY_SCHEDULE", Kind::Unsigned(1)),
            Field::new("SPECIAL_SCHEDULES", Kind::Unsigned(1)).times("NBR_SPECIAL_SCHED"),
        ]),
    )
    .times("NBR_SEASONS")
    .unless("SEPARATE_WEEKDAYS_FLAG"),
];

const ST55: [Field; 3] = [
    Field::new("CLOCK_CALENDAR", Kind::Ltime),
    QUALIFIER,
    Field::new(
        "STATUS",
        Kind::Bits(
            2,
            &[
                bits("CURR_SUMM_TIER", 0, 3),
                bits("CURR_DEMAND_TIER", 3, 3),
                bits("TIER_DRIVE", 6, 2),
                bits("SPECIAL_SCHD_ACTIVE", 8, 4),
                bits("SEASON", 12, 4),
            ],
        ),
    ),
];

const ST56: [Field; 4] = [
    Field::new("SUMM_TIER_TIME_REMAIN", Kind::Unsigned(2)),
    Field::new("DEMAND_TIER_TIME_REMAIN", Kind::Unsigned(2)).when("SEPARATE_SUM_DEMANDS_FLAG"),
    Field::new("SELF_READ_DAYS_REMAIN", Kind::Unsigned(1)),
    Field::new("RESERVED", Kind::Rest).optional(),
];
