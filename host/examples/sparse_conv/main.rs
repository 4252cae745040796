//! How fast a layer under a fixed mask trains, against libtorch's dense convolution.
//!
//! Dense and sparse take turns in one run, so that whatever else the machine does meets both. With
//! one thread the times are those that the thread computed, with several those of the day.
//!
//! ```sh
//! taskset -c 1 cargo run --release --example sparse_conv -- --json times.json
//! ```

mod around;
mod clock;
mod dense;
mod layer;
mod table;

use clap::Parser;
use jackpot::kernels::{Isa, Threads, peak};
use jackpot::torch::settings;
use std::error::Error;
use std::path::PathBuf;

/// Times sparse convolutions against libtorch's dense ones.
#[derive(Parser)]
struct Options {
    /// Layers as CHANNELSxSIDE: 3 × 3, stride 1, padding 1, as many channels out as in.
    #[arg(long, value_delimiter = ',', default_value = "64x32,128x16,256x8,512x4")]
    layers: Vec<String>,
    /// Percentages of weights that are zero, at random places.
    #[arg(long, value_delimiter = ',', default_value = "65,80,90,95.6,98.2,99.5")]
    sparsities: Vec<f64>,
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Turns of dense and sparse.
    #[arg(long, default_value_t = 7)]
    turns: usize,
    /// Of each side.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// avx512, avx2 or portable; the best there is by default.
    #[arg(long)]
    isa: Option<String>,
    /// The loops around the convolution, too: batch norm, ReLU, residual, change of layout.
    #[arg(long)]
    around: bool,
    /// Where to write all times.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let isa = match options.isa.as_deref() {
        None => Isa::best(),
        Some("avx512") => Isa::Avx512,
        Some("avx2") => Isa::Avx2,
        Some("portable") => Isa::Portable,
        Some(other) => return Err(format!("no instructions are called `{other}`").into()),
    };
    settings::set_threads(options.threads)?;
    let threads = Threads::new(options.threads)?;
    let peak = peak(isa) * options.threads as f64;
    println!(
        "{isa:?}, {} thread(s), batch {}, {} turns; peak {:.0} GFLOP/s\n",
        options.threads,
        options.batch,
        options.turns,
        peak / 1e9
    );
    let mut rows = Vec::new();
    for name in &options.layers {
        let shape = layer::shape(name)?;
        if options.around {
            around::print(name, &shape, options.batch, options.turns, isa, &threads)?;
            continue;
        }
        let dense = dense::Dense::new(&shape, options.batch, options.threads)?;
        for &sparsity in &options.sparsities {
            let mut sparse = layer::Sparse::new(shape, sparsity, options.batch, isa)?;
            let row = table::measure(name, sparsity, &dense, &mut sparse, options.turns, &threads)?;
            table::print(&row, peak);
            rows.push(row);
        }
    }
    table::print_means(&rows);
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&table::json(&rows, isa, options.threads, peak))?;
        std::fs::write(path, text)?;
    }
    Ok(())
}
