//! The report file: what the run was, what was true, what the firmware needed.

use serde::Serialize;

use crate::chip::backplane::line;
use crate::instruments::Spread;
use crate::machine::Machine;
use crate::truth::Quantities;

/// Vector of the sample interrupt: DRDY captured by Timer_B 1.
pub const SAMPLE_LINE: u32 = 39;

/// Everything that `--report` writes. The first level is fixed by the design page; more fields may follow.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Simulated seconds that were measured.
    pub simulated_s: f64,
    /// True values on the mains during that time.
    #[serde(rename = "true")]
    pub truth: Quantities,
    /// Pulses since power-up.
    pub pulses: Pulses,
    /// What the CPU did.
    pub cpu: CpuReport,
    /// What the firmware left free.
    pub memory: MemoryReport,
    /// Whether the service switch is closed at the end.
    pub switch_closed: bool,
    /// Times that it has moved since power-up.
    pub switch_operations: u64,
    /// What the converter saw.
    pub converter: ConverterReport,
    /// Resets after power-up.
    pub resets: u64,
    /// The fault that ended the run, if one did.
    pub faults: Vec<String>,
    /// Seconds of the host.
    pub wall_s: f64,
    /// Simulated seconds in a second of the host.
    pub realtime_factor: f64,
}

/// Pulse outputs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pulses {
    /// Rising edges on the Wh output.
    pub wh: u64,
    /// Rising edges on the varh output.
    pub varh: u64,
}

/// The CPU.
#[derive(Clone, Debug, Serialize)]
pub struct CpuReport {
    /// MCLK.
    pub hz: f64,
    /// Share of the time during which it was awake, 0 to 1.
    pub load: f64,
    /// Cycles of the sample interrupt's handler, nested ones left out.
    pub sample_cycles: Cycles,
    /// All awake cycles divided by the samples that the converter made.
    pub awake_cycles_per_sample: f64,
    /// Reads of FRAM that waited.
    pub fram_misses: u64,
    /// Longest stretch with interrupts masked, handlers included.
    pub longest_masked_cycles: u64,
    /// Where it began.
    pub longest_masked_at: String,
    /// Deepest nesting of handlers.
    pub deepest_nesting: usize,
    /// Every handler that ran.
    pub handlers: Vec<Handler>,
}

/// Smallest, mean and largest number of cycles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cycles {
    /// Smallest.
    pub min: u64,
    /// Mean.
    pub mean: f64,
    /// Largest.
    pub max: u64,
}

impl From<Spread> for Cycles {
    fn from(spread: Spread) -> Self {
        Self {
            min: spread.min,
            mean: spread.mean(),
            max: spread.max,
        }
    }
}

/// One interrupt handler.
#[derive(Clone, Debug, Serialize)]
pub struct Handler {
    /// Name of the vector.
    pub vector: &'static str,
    /// How often it ran.
    pub count: u64,
    /// Cycles from acceptance to RETI, without handlers that interrupted it.
    pub own_cycles: Cycles,
    /// With them.
    pub total_cycles: Cycles,
}

/// RAM.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemoryReport {
    /// Bytes between the static data and the deepest stack.
    pub stack_free_bytes: u16,
    /// Deepest stack, from the end of RAM.
    pub stack_max_bytes: u16,
}

/// The converter.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ConverterReport {
    /// Samples made since power-up.
    pub samples: u64,
    /// Samples lost because nobody read them in time.
    pub overruns: u64,
    /// Frames with a wrong check sum from the chip.
    pub bad_frames: u64,
    /// Resets.
    pub resets: u64,
    /// Samples at an end of the range.
    pub clipped: u64,
}

impl CpuReport {
    /// Reads a machine's instruments; `samples` is how many samples the converter made since they were restarted.
    pub fn of(machine: &Machine, samples: u64) -> Self {
        let instruments = &machine.instruments;
        let cycle = machine.chip.cycle();
        let awake = cycle - instruments.since - instruments.asleep;
        let handlers = instruments
            .vectors
            .iter()
            .enumerate()
            .filter(|(_, times)| times.own.count > 0);
        Self {
            hz: machine.chip.backplane.clocks.mclk_frequency() as f64 / 1e6,
            load: machine.load(),
            sample_cycles: instruments.vectors[SAMPLE_LINE as usize].own.into(),
            awake_cycles_per_sample: awake as f64 / samples.max(1) as f64,
            fram_misses: machine.chip.fram_misses(),
            longest_masked_cycles: instruments.longest_masked.0,
            longest_masked_at: machine.symbols.describe(instruments.longest_masked.1),
            deepest_nesting: instruments.deepest_nesting,
            handlers: handlers
                .map(|(number, times)| Handler {
                    vector: line::name(number as u32),
                    count: times.own.count,
                    own_cycles: times.own.into(),
                    total_cycles: times.total.into(),
                })
                .collect(),
        }
    }
}

impl MemoryReport {
    /// Reads a machine's stack mark.
    pub fn of(machine: &Machine) -> Self {
        Self {
            stack_free_bytes: machine.stack_free_bytes(),
            stack_max_bytes: 0x3000_u16.saturating_sub(machine.instruments.lowest_sp),
        }
    }
}

impl ConverterReport {
    /// Reads a machine's converter.
    pub fn of(machine: &Machine) -> Self {
        let counts = machine.chip.wiring.converter.counts();
        Self {
            samples: counts.samples,
            overruns: counts.overruns,
            bad_frames: counts.bad_frames,
            resets: counts.resets,
            clipped: counts.clipped,
        }
    }
}
