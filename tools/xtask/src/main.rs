//! Project tasks that an alias cannot say: set-up, image, budgets, checks.
fn main() {}
