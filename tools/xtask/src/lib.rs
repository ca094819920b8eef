//! Project tasks that a cargo alias cannot say: set-up, firmware image, lint, budgets, the whole check, the demonstration,
//! the accuracy grid.
//!
//! One file or folder a task; [`toolchain`] finds the cross compiler, [`squeeze`] makes its output smaller, [`image`] reads the
//! ELF, [`progress`] shows what a long step is doing.

pub mod accuracy;
pub mod bench;
pub mod budget;
pub mod check;
pub mod demo;
pub mod firmware;
pub mod image;
pub mod lint;
pub mod progress;
pub mod readme;
pub mod setup;
pub mod squeeze;
pub mod stack;
pub mod toolchain;
pub mod workspace;
