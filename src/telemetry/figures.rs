//! A gauge without a value until it is set, and the figures of the process itself, under the names that Prometheus' clients
//! share (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A gauge that is absent from a scrape until it is first set.
#[derive(Debug, Clone, Default)]
pub struct LateGauge(Arc<OnceLock<Gauge>>);

impl LateGauge {
    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.0.get_or_init(Gauge::default).set(value);
    }
}

impl EncodeMetric for LateGauge {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.get().map_or(Ok(()), |gauge| gauge.encode(encoder))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }
}

/// Reads the figures at each scrape. There are none where the system has no `/proc`.
#[derive(Debug)]
pub struct Process;

/// The figures at one moment.
#[derive(Debug)]
struct Figures {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_files: u64,
    max_files: u64,
    started_at: f64,
}

#[cfg(target_os = "linux")]
fn read() -> Option<Figures> {
    use procfs::WithCurrentSystemInfo;
    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "ticks of a CPU and of the time since the boot are far below 2^53")]
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    let limits = process.limits().ok()?;
    let max_files = match limits.max_open_files.soft_limit {
        procfs::process::LimitValue::Value(most) => most,
        procfs::process::LimitValue::Unlimited => u64::MAX,
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    let booted_at = procfs::boot_time_secs().ok()? as f64;
    Some(Figures {
        cpu_seconds: seconds(stat.utime + stat.stime),
        resident_bytes: stat.rss_bytes().get(),
        open_files: process.fd_count().ok()? as u64,
        max_files,
        started_at: booted_at + seconds(stat.starttime),
    })
}

#[cfg(not(target_os = "linux"))]
const fn read() -> Option<Figures> {
    None
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(figures) = read() else { return Ok(()) };
        let cpu = ConstCounter::new(figures.cpu_seconds);
        cpu.encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            "CPU time of the process, in seconds.",
            None,
            cpu.metric_type(),
        )?)?;
        let mut gauge = |name, help, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and counts of bytes and files are far below 2^53")]
        let float = |count: u64| count as f64;
        gauge("process_resident_memory_bytes", "Resident memory of the process, in bytes.", float(figures.resident_bytes))?;
        gauge("process_open_fds", "Open file descriptors.", float(figures.open_files))?;
        gauge("process_max_fds", "The most open file descriptors.", float(figures.max_files))?;
        gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", figures.started_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_gauge_is_absent_until_it_is_set_and_has_no_labels_then() {
        let (gauge, mut registry) = (LateGauge::default(), prometheus_client::registry::Registry::default());
        registry.register("late", "A late gauge", gauge.clone());
        let scrape = || {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &registry).expect("a string takes all text");
            text
        };
        assert!(!scrape().contains("late"), "{}", scrape());
        gauge.set(1);
        assert!(scrape().contains("\nlate 1\n"), "{}", scrape());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_figures_are_those_of_this_process() {
        let figures = read().expect("a system with /proc");
        assert!(figures.resident_bytes > 1 << 20, "{figures:?}");
        assert!(figures.open_files > 2 && figures.open_files <= figures.max_files, "{figures:?}");
        let begun = std::fs::metadata("/proc/self").expect("a system with /proc").modified().expect("a time");
        let begun = begun.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs_f64();
        assert!((figures.started_at - begun).abs() < 600.0, "{figures:?}, and by the folder {begun}");
        assert!(figures.cpu_seconds >= 0.0);
    }
}
