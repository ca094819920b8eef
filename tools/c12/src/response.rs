//! Response codes of the PSEM services: why a request was refused.

/// First byte of every response; section 7 of the protocol reference.
///
/// Sixteen bits wide in memory because the MSP430 back-end mishandles 8-bit values that travel through registers.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// Done.
    Ok = 0x00,
    /// General failure: bad length, bad checksum, wrong password.
    Err = 0x01,
    /// Service not supported.
    Sns = 0x02,
    /// Insufficient security clearance.
    Isc = 0x03,
    /// Operation not possible: offset, length or value outside the table's limits, message too large.
    Onp = 0x04,
    /// Inappropriate action: no such table, or it cannot be written.
    Iar = 0x05,
    /// Busy, try later.
    Bsy = 0x06,
    /// Data not ready.
    Dnr = 0x07,
    /// Data locked.
    Dlk = 0x08,
    /// Renegotiate: go back to the ID or base state.
    Rno = 0x09,
    /// Service not allowed in the present state.
    Isss = 0x0A,
}

/// Every code that a C12.18 device may send, in numerical order.
const ALL: [Response; 11] = [
    Response::Ok,
    Response::Err,
    Response::Sns,
    Response::Isc,
    Response::Onp,
    Response::Iar,
    Response::Bsy,
    Response::Dnr,
    Response::Dlk,
    Response::Rno,
    Response::Isss,
];

impl Response {
    /// The byte on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The code of a received byte; `None` for those that C12.18 does not define.
    pub fn from_code(code: u16) -> Option<Self> {
        ALL.get(code as usize).copied()
    }

    /// What a person should read; not for the target.
    pub fn text(self) -> &'static str {
        match self {
            Response::Ok => "ok",
            Response::Err => "err: request refused (bad length, bad checksum or wrong password)",
            Response::Sns => "sns: service not supported",
            Response::Isc => "isc: insufficient security clearance; give a password",
            Response::Onp => {
                "onp: operation not possible (offset, length or value outside the table's limits, or too large)"
            }
            Response::Iar => "iar: no such table, or it cannot be written",
            Response::Bsy => "bsy: meter busy, try later",
            Response::Dnr => "dnr: data not ready, try later",
            Response::Dlk => "dlk: data locked; is the factory jumper set?",
            Response::Rno => "rno: meter asks to renegotiate",
            Response::Isss => "isss: service not allowed in the present state",
        }
    }
}
