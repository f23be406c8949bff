//! Real servers for tests: started when first asked for, gone when the test process is gone, however it goes.

pub mod postgres;
