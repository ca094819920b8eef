//! The periodic signals of all channels as one polynomial in e^{iθ}, evaluated side by side.

use num_complex::Complex64;

use crate::mains::segment::LINES;

/// Coefficients of all channels side by side, so that the processor handles them together.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    pub dc: [f64; 4],
    /// Orders from 1, real and imaginary parts.
    pub orders: Vec<([f64; 4], [f64; 4])>,
}

impl Lanes {
    /// Values where each channel's e^{iθ} is `turns`.
    pub fn at(&self, turns: &[Complex64; LINES]) -> [f64; LINES] {
        let cos = [turns[0].re, turns[1].re, turns[2].re, 0.0];
        let sin = [turns[0].im, turns[1].im, turns[2].im, 0.0];
        let (mut re, mut im) = ([0.0; 4], [0.0; 4]);
        for (order_re, order_im) in self.orders.iter().rev() {
            for lane in 0..4 {
                let (a, b) = (re[lane] + order_re[lane], im[lane] + order_im[lane]);
                re[lane] = a * cos[lane] - b * sin[lane];
                im[lane] = a * sin[lane] + b * cos[lane];
            }
        }
        std::array::from_fn(|line| self.dc[line] + re[line])
    }
}
