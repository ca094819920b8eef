//! What `meterctl` does, as a library: connect, read, decode, print.
