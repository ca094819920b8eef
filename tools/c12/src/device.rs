//! What a meter must offer so that the responder can answer for it.

use crate::response::Response;

/// The meter behind a [`Responder`](crate::responder::Responder). All calls come from the main loop.
pub trait Device {
    /// A read request for `table` (ST n, or 2048 + n for MT n) begins. Returns the table's size in bytes, or why this
    /// session cannot read it (usually `Iar`: no such table, `Isc`: not with this password). While
    /// [`Responder::is_streaming`](crate::responder::Responder::is_streaming), [`byte`](Device::byte) must give bytes of
    /// one consistent instant.
    fn begin_read(&mut self, table: u16) -> Result<u16, Response>;

    /// The byte of `table` at `offset`, in the lower half; never asked beyond the size just given.
    /// A response asks for them one after the other, and again from the start when the line is bad.
    fn byte(&mut self, table: u16, offset: u16) -> u16;

    /// Copies the bytes of `table` from `offset` on into all of `out`.
    fn read(&mut self, table: u16, offset: u16, out: &mut [u8]) {
        for (at, place) in (offset..).zip(out) {
            *place = self.byte(table, at) as u8;
        }
    }

    /// Writes `data` to `table` at `offset`; all of it or nothing. A full write comes with offset 0.
    fn write(&mut self, _table: u16, _offset: u16, _data: &[u8]) -> Result<(), Response> {
        Err(Response::Iar)
    }

    /// The table that reads and writes without a table number mean; by default there is none, and the services do
    /// not exist.
    fn default_table(&mut self) -> Result<u16, Response> {
        Err(Response::Sns)
    }

    /// A session wants to start; anything but `Ok` refuses it (`Err`, `Iar`, `Bsy`).
    fn logon(&mut self, _user_id: u16, _user: &[u8; 10]) -> Result<(), Response> {
        Ok(())
    }

    /// Compares a password in constant time and sets the session's access. `Err`: it is none of the meter's; `Bsy`: not
    /// now, too many were wrong.
    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response>;

    /// The session is over, however it ended: access falls back to none.
    fn session_ended(&mut self);
}
