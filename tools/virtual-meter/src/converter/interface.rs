//! The SPI side: frames of words, commands and their answers one frame later, checks both ways (SBAS889A 8.5.1).
//!
//! A frame begins with the first byte after chip select falls. What it sends is fixed then: the answer to the frame before,
//! then the oldest unread sample (or the registers that were asked for), then the check, then zeros for as long as the
//! host keeps clocking. What it receives takes effect word by word. With RX_CRC_EN a command waits for its check; the words
//! of a WREG do not, they take effect as they arrive, checked or not, as in the silicon.

use super::crc;
use super::faults::Fault;
use super::fifo::Sample;
use super::registers::{CHANNELS, address};
use super::{ACQUIRE_TICKS, Ads131m03};
use crate::time::{MILLISECOND, Time};

/// Words of a usual frame: command, one per channel, check.
const FRAME_WORDS: usize = CHANNELS + 2;
/// CLKIN periods within which a frame must be finished while MODE.TIMEOUT is set.
const TIMEOUT_TICKS: u64 = 1 << 15;
/// Shorter than any time-out: 2^15 periods of the fastest clock allowed, 8.4 MHz, are 3.9 ms.
const TIMEOUT_CANNOT_HAVE_PASSED: Time = 3 * MILLISECOND;
/// Answer to a completed RESET.
const RESET_DONE: u16 = 0xFF20 | CHANNELS as u16;
/// RESET's own word, answered when its frame was too short.
const RESET: u16 = 0x0011;

/// What the next frame's first word will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// STATUS as it is when the frame begins.
    Status,
    /// One word: an echo, an acknowledgement, a single register.
    Word(u16),
    /// RREG of several: acknowledgement and registers in place of samples.
    Registers(Vec<u16>),
    /// First frame after a reset.
    ResetDone,
}

/// A command word, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Null,
    Reset,
    Standby,
    Wakeup,
    Lock,
    Unlock,
    Read { address: u8, count: usize },
    Write { address: u8, count: usize },
}

impl Command {
    /// What is not a command counts as NULL.
    fn decode(word: u16) -> Self {
        let address = (word >> 7 & 0x3F) as u8;
        let count = usize::from(word & 0x7F) + 1;
        match word {
            RESET => Self::Reset,
            0x0022 => Self::Standby,
            0x0033 => Self::Wakeup,
            0x0555 => Self::Lock,
            0x0655 => Self::Unlock,
            0xA000..=0xBFFF => Self::Read { address, count },
            0x6000..=0x7FFF => Self::Write { address, count },
            _ => Self::Null,
        }
    }

    /// Words that follow the command before the input check.
    fn data_words(self) -> usize {
        if let Self::Write { count, .. } = self {
            count
        } else {
            0
        }
    }
}

/// The frame under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Bytes exchanged so far; zero between frames.
    bytes: usize,
    started: u64,
    started_at: Time,
    out: Vec<u8>,
    /// The sample that `out` carries, if it carries one.
    sample: Option<Sample>,
    word_bytes: usize,
    check_input: bool,
    input_crc: u16,
    word: u32,
    command: Option<Command>,
    written: usize,
    /// The command has had its effect or has been refused.
    settled: bool,
    answer: Option<Response>,
}

impl Ads131m03 {
    /// One byte each way.
    pub(super) fn shift(&mut self, now: Time, mosi: u8) -> u8 {
        // Most bytes neither begin a frame nor end a word; only those that do ask for the tick, which takes a division.
        if self.frame.bytes > 0
            && now - self.frame.started_at > TIMEOUT_CANNOT_HAVE_PASSED
            && self.registers.timeout_on()
            && self.crystal.tick_at(now).saturating_sub(self.frame.started) > TIMEOUT_TICKS
        {
            // The interface resets: what came so far is forgotten, this byte begins a frame.
            self.frame.bytes = 0;
            self.response = Response::Status;
        }
        if self.frame.bytes == 0 {
            self.begin_frame(now, self.crystal.tick_at(now));
        }
        let position = self.frame.bytes;
        let miso = self.frame.out.get(position).copied().unwrap_or(0);
        self.frame.bytes += 1;
        let mosi = self.disturb_command(now, position, mosi);
        let ends_word = self.frame.bytes.is_multiple_of(self.frame.word_bytes);
        let was_high = self.drdy_high;
        self.receive(now, mosi);
        // NULL changes nothing that is planned, unless DRDY moves.
        if ends_word && (self.frame.command != Some(Command::Null) || self.drdy_high != was_high) {
            self.plan_next();
        }
        miso
    }

    fn disturb_command(&mut self, now: Time, position: usize, mosi: u8) -> u8 {
        if position == 0 && !self.faults.none() && self.faults.strikes(now, Fault::CorruptCommand) {
            return mosi ^ 1 << self.faults.bit(8);
        }
        mosi
    }

    fn begin_frame(&mut self, now: Time, tick: u64) {
        self.counts.frames += 1;
        let word_bytes = self.registers.word_bytes();
        let mut out = std::mem::take(&mut self.frame.out);
        out.clear();
        let mut put = |word: u16| {
            out.extend(word.to_be_bytes());
            out.resize(out.len().next_multiple_of(word_bytes), 0);
        };
        let mut sample = None;
        match std::mem::replace(&mut self.response, Response::Status) {
            Response::Registers(words) => words.into_iter().for_each(&mut put),
            other => {
                put(match other {
                    Response::Word(word) => word,
                    Response::ResetDone => RESET_DONE,
                    _ => {
                        let status = self.registers.status(if self.fifo.is_empty() {
                            0
                        } else {
                            self.registers.enabled()
                        });
                        self.registers.acknowledge_status();
                        status
                    }
                });
                let front = self.fifo.front();
                for code in front.codes {
                    // 32-bit words carry the code at the left with zeros behind it, or at the right with its sign before it.
                    let left = if self.registers.sign_extends() {
                        code
                    } else {
                        code << 8
                    };
                    out.extend(&left.to_be_bytes()[..word_bytes]);
                }
                sample = Some(front);
            }
        }
        let check = crc::of(&out, self.registers.polynomial());
        out.extend(check.to_be_bytes());
        out.resize(out.len().next_multiple_of(word_bytes), 0);
        if !self.faults.none() {
            if self.faults.strikes(now, Fault::CorruptResponse) {
                let bit = self.faults.bit(out.len() * 8);
                out[bit / 8] ^= 0x80 >> (bit % 8);
            }
            if self.faults.strikes(now, Fault::Dead) {
                out.fill(0);
            }
        }
        self.frame = Frame {
            started: tick,
            started_at: now,
            out,
            sample,
            word_bytes,
            check_input: self.registers.input_check_on(),
            input_crc: crc::SEED,
            ..Frame::default()
        };
    }

    fn receive(&mut self, now: Time, mosi: u8) {
        let polynomial = self.registers.polynomial();
        let frame = &mut self.frame;
        let place = (frame.bytes - 1) % frame.word_bytes;
        let index = (frame.bytes - 1) / frame.word_bytes;
        if place < 2 {
            frame.word = frame.word << 8 | u32::from(mosi);
        }
        let data_words = frame.command.map_or(0, Command::data_words);
        if index <= data_words {
            frame.input_crc = crc::update(frame.input_crc, mosi, polynomial);
        }
        if place + 1 < frame.word_bytes {
            return;
        }
        let word = frame.word as u16;
        if index == 0 {
            let command = Command::decode(word);
            frame.command = Some(command);
            if !frame.check_input && command.data_words() == 0 {
                self.settle(now);
            }
        } else if index <= data_words {
            self.write_word(now, index, word);
            if !self.frame.check_input && index == data_words {
                self.settle(now);
            }
        } else if index == data_words + 1 && frame.check_input {
            if word == frame.input_crc {
                self.settle(now);
            } else {
                self.refuse_frame();
            }
        }
        if index + 1 == FRAME_WORDS {
            self.full_frame(now);
        }
    }

    /// The words of a WREG take effect at once, in whatever state the check will turn out to be.
    fn write_word(&mut self, now: Time, index: usize, word: u16) {
        let Some(Command::Write { address, .. }) = self.frame.command else {
            return;
        };
        if self.registers.flags.lock {
            return;
        }
        let target = usize::from(address) + index - 1;
        let Ok(target @ 0..=0x3F) = u8::try_from(target) else {
            return;
        };
        let before = self.registers.read(target, 0);
        if self.registers.write(target, word) {
            self.frame.written += 1;
            let channel_group = (address::CH0_CFG..=address::MAP_END).contains(&target)
                && (target - address::CH0_CFG).is_multiple_of(address::CHANNEL_STRIDE);
            let analogue = target == address::GAIN1 || target == address::CLOCK || channel_group;
            let tick = self.crystal.tick_at(now);
            self.settings_changed(tick, analogue && before != self.registers.read(target, 0));
        }
    }

    /// The command is complete and its check, if any, is right.
    fn settle(&mut self, now: Time) {
        self.frame.settled = true;
        let Some(command) = self.frame.command else {
            return;
        };
        let locked = self.registers.flags.lock;
        let answer = match command {
            Command::Read { address, count } => self.read_registers(address, count),
            Command::Unlock => {
                self.registers.flags.lock = false;
                Response::Word(0x0655)
            }
            _ if locked => Response::Status,
            Command::Null => Response::Status,
            // Answered here in case the frame ends early; a full frame resets.
            Command::Reset => Response::Word(RESET),
            Command::Standby => {
                self.sleep();
                Response::Word(0x0022)
            }
            Command::Wakeup => {
                self.wake(self.crystal.tick_at(now));
                Response::Word(0x0033)
            }
            Command::Lock => {
                self.registers.flags.lock = true;
                Response::Word(0x0555)
            }
            Command::Write { address, .. } => self.acknowledge_write(address),
        };
        self.frame.answer = Some(answer);
    }

    fn acknowledge_write(&self, address: u8) -> Response {
        let written = self.frame.written.saturating_sub(1) as u16;
        Response::Word(0x4000 | u16::from(address) << 7 | written)
    }

    fn read_registers(&mut self, address: u8, count: usize) -> Response {
        let ready = if self.fifo.is_empty() {
            0
        } else {
            self.registers.enabled()
        };
        let read = |target: usize| {
            u8::try_from(target).map_or(0, |target| self.registers.read(target, ready))
        };
        if count == 1 {
            return Response::Word(read(address.into()));
        }
        let mut words = vec![0xE000 | u16::from(address) << 7 | (count - 1) as u16];
        words.extend((0..count).map(|n| read(usize::from(address) + n)));
        Response::Registers(words)
    }

    /// The input check failed: nothing but a WREG has happened, and STATUS will say so.
    fn refuse_frame(&mut self) {
        self.counts.bad_frames += 1;
        self.registers.flags.crc = true;
        self.frame.settled = true;
        self.frame.answer = Some(Response::Status);
    }

    /// Five words have been exchanged: the sample counts as read, and RESET may act.
    fn full_frame(&mut self, now: Time) {
        if let Some(sample) = self.frame.sample.take() {
            if let Some(kept) = &mut self.kept {
                kept.push(sample.codes);
            }
            self.fifo.read(sample);
            if self.fifo.is_empty() && !self.registers.drdy_pulses() {
                self.drdy_high = true;
            }
        }
        if self.frame.answer == Some(Response::Word(RESET))
            && self.frame.command == Some(Command::Reset)
        {
            self.reset(self.crystal.tick_at(now) + ACQUIRE_TICKS);
        }
    }

    /// Chip select rose: the answer of this frame is what the next one begins with.
    pub(super) fn end_frame(&mut self) {
        if self.frame.bytes == 0 {
            return;
        }
        let frame = &mut self.frame;
        let answer = frame.answer.take();
        self.response = match (answer, frame.command) {
            (Some(answer), _) => answer,
            // A WREG cut short has written what arrived.
            (None, Some(Command::Write { address, .. })) if frame.written > 0 => {
                self.acknowledge_write(address)
            }
            (None, _) => Response::Status,
        };
        self.frame.bytes = 0;
        self.frame.command = None;
        self.plan_next();
    }
}
