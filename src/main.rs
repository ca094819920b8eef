//! From reset to the main loop; on a PC it only says how to run the image.
fn main() {}
