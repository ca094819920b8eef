//! Codes of the history and event log (ST74, ST76), section 9 of the C12.19 reference.

/// Codes that a meter like ours logs.
pub mod code {
    /// Supply lost.
    pub const POWER_DOWN: u16 = 1;
    /// Supply back.
    pub const POWER_UP: u16 = 2;
    /// Clock set; the entry's time is the old one.
    pub const TIME_CHANGED_OLD: u16 = 3;
    /// Clock set; the entry's time is the new one.
    pub const TIME_CHANGED_NEW: u16 = 4;
    /// Procedure run; the argument is its TABLE_IDB.
    pub const PROCEDURE_INVOKED: u16 = 9;
    /// Table written; the argument is its TABLE_IDA.
    pub const TABLE_WRITTEN: u16 = 10;
    /// Session ended by the reader.
    pub const SESSION_ENDED: u16 = 12;
    /// Session ended by a time-out.
    pub const SESSION_LOST: u16 = 13;
    /// List pointers reset.
    pub const POINTERS_RESET: u16 = 14;
    /// Demand reset.
    pub const DEMAND_RESET: u16 = 20;
    /// Self-read.
    pub const SELF_READ: u16 = 21;
    /// Daylight saving time begins.
    pub const DST_ON: u16 = 22;
    /// Daylight saving time ends.
    pub const DST_OFF: u16 = 23;
    /// Season changed.
    pub const SEASON_CHANGE: u16 = 24;
    /// Tier switched.
    pub const TIER_SWITCH: u16 = 27;
    /// Pending table made valid.
    pub const PENDING_ACTIVATED: u16 = 28;
    /// Pending table forgotten.
    pub const PENDING_CLEARED: u16 = 29;
    /// Back to metering mode.
    pub const METERING_ON: u16 = 30;
    /// Out of metering mode.
    pub const METERING_OFF: u16 = 31;
    /// Configuration damaged.
    pub const CONFIGURATION_ERROR: u16 = 37;
    /// Stored data damaged.
    pub const NONVOLATILE_ERROR: u16 = 41;
    /// Clock lost.
    pub const CLOCK_ERROR: u16 = 42;
    /// Converter silent or damaged.
    pub const MEASUREMENT_ERROR: u16 = 43;
    /// Cover opened or neutral missing.
    pub const TAMPER: u16 = 47;
    /// Power flows the other way.
    pub const REVERSE_ROTATION: u16 = 48;
    /// Switch moved by a command; the argument is its new state.
    pub const SWITCH_COMMANDED: u16 = 49;
    /// Switch moved by the customer's button; likewise.
    pub const SWITCH_BY_CONDITION: u16 = 51;
}

/// Names by code; for readers.
const NAMES: [&str; 77] = [
    "none",
    "power down",
    "power up",
    "time changed (old time)",
    "time changed (new time)",
    "time changed (old time, new as argument)",
    "time changed (new time, old as argument)",
    "accessed for read",
    "accessed for write",
    "procedure invoked",
    "table written",
    "device programmed",
    "communication ended",
    "communication ended abnormally",
    "list pointers reset",
    "list pointers updated",
    "history log cleared",
    "history log pointers updated",
    "event log cleared",
    "event log pointers updated",
    "demand reset",
    "self-read",
    "daylight saving on",
    "daylight saving off",
    "season change",
    "rate change",
    "special schedule",
    "tier switch",
    "pending table activated",
    "pending table cleared",
    "metering mode on",
    "metering mode off",
    "test mode on",
    "test mode off",
    "meter shop mode on",
    "meter shop mode off",
    "reprogrammed",
    "configuration error",
    "self-check error",
    "RAM failure",
    "ROM failure",
    "non-volatile memory failure",
    "clock error",
    "measurement error",
    "low battery",
    "low loss potential",
    "demand overload",
    "tamper",
    "reverse rotation",
    "control point changed by command",
    "control point changed by schedule",
    "control point changed by condition",
    "control point changed by prepayment",
    "credit added",
    "credit subtracted",
    "credit adjusted",
    "sealed",
    "unsealed",
    "procedure invoked, with values",
    "table written, with values",
    "device programmed, with values",
    "sealed, with values",
    "unsealed, with values",
    "procedure invoked, with signature",
    "table written, with signature",
    "device programmed, with signature",
    "sealed, with signature",
    "unsealed, with signature",
    "procedure invoked, with values and signature",
    "table written, with values and signature",
    "device programmed, with values and signature",
    "sealed, with values and signature",
    "unsealed, with values and signature",
    "secured table read",
    "secured register read",
    "secured table read, with values",
    "secured register read, with values",
];

/// Name of a manufacturer's event, if the meter is one of ours.
pub fn own_name(code: u16) -> Option<&'static str> {
    const NAMES: [&str; 1] = ["wrong password"];
    NAMES.get(code as usize).copied()
}

/// Name of a standard event.
pub fn name(code: u16) -> Option<&'static str> {
    NAMES.get(code as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_belong_together() {
        for (code, expected) in [
            (code::POWER_UP, "power up"),
            (code::SESSION_LOST, "communication ended abnormally"),
            (code::TIER_SWITCH, "tier switch"),
            (code::METERING_OFF, "metering mode off"),
            (code::MEASUREMENT_ERROR, "measurement error"),
            (code::SWITCH_COMMANDED, "control point changed by command"),
            (58, "procedure invoked, with values"),
            (76, "secured register read, with values"),
        ] {
            assert_eq!(name(code), Some(expected));
        }
        assert_eq!(name(77), None);
    }
}
