//! Which device, precision and number of threads a run uses.

use tch::Device;

use super::error::OpenError;
use crate::config::{DeviceChoice, Precision, Sparse};
use crate::plugin::border::tensors::set_training_device;
use crate::torch::{OpError, cuda, settings};

/// The device that the config asks for.
///
/// # Errors
///
/// A CUDA device that is not there.
pub fn choose(choice: DeviceChoice) -> Result<Device, OpenError> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto if cuda::available() => Ok(Device::Cuda(0)),
        DeviceChoice::Auto => Ok(Device::Cpu),
        DeviceChoice::Cuda(index) => {
            let count = if cuda::available() { cuda::device_count() } else { 0 };
            if index < count {
                return Ok(Device::Cuda(index));
            }
            let found = match count {
                0 => "no CUDA device was found".to_owned(),
                1 => "there is only cuda:0".to_owned(),
                n => format!("there are cuda:0 to cuda:{}", n - 1),
            };
            let message = format!("device = \"cuda:{index}\": {found}; `auto` takes what is there");
            Err(OpenError::Device(message))
        }
    }
}

/// The precision without `auto`.
///
/// # Errors
///
/// TF32 on a CPU, which has none.
pub fn precision(choice: Precision, device: Device) -> Result<Precision, OpenError> {
    match (choice, device.is_cuda()) {
        (Precision::Auto, true) => Ok(Precision::Bf16),
        (Precision::Auto, false) => Ok(Precision::F32),
        (Precision::Tf32, false) => {
            let message = "precision = \"tf32\" is for CUDA devices; a CPU has f32 and bf16";
            Err(OpenError::Device(message.to_owned()))
        }
        (chosen, _) => Ok(chosen),
    }
}

/// Whether only operators are used that give the same bits every time: on a CPU yes, unless told
/// otherwise.
pub fn deterministic(choice: Option<bool>, device: Device) -> bool {
    choice.unwrap_or(!device.is_cuda())
}

/// Whether a config may be trained there.
///
/// # Errors
///
/// CUDA graphs are asked for on a CPU.
pub fn asks_for_graphs(choice: Option<bool>, device: Device) -> Result<(), OpenError> {
    match (choice, device.is_cuda()) {
        (Some(true), false) => Err(OpenError::Device(format!(
            "`cuda_graph = true` asks for a CUDA graph, and the device is {}; `auto` takes one \
             where there is CUDA",
            device_name(device)
        ))),
        _ => Ok(()),
    }
}

/// Whether training steps are captured as CUDA graphs: where there is CUDA, unless told otherwise.
pub fn captures(choice: Option<bool>, device: Device) -> bool {
    device.is_cuda() && choice != Some(false)
}

/// Which layers of pruned networks run on sparse kernels, without `auto`.
///
/// # Errors
///
/// Kernels where there are none.
pub fn sparse(
    choice: Sparse,
    device: Device,
    precision: Precision,
    deterministic: bool,
) -> Result<Sparse, OpenError> {
    let possible = device == Device::Cpu && precision == Precision::F32;
    match (choice, possible) {
        (Sparse::Auto, true) if deterministic => Ok(Sparse::Rule),
        (Sparse::Auto, true) => Ok(Sparse::Measured),
        (Sparse::Auto | Sparse::Never, false) => Ok(Sparse::Never),
        (chosen, true) => Ok(chosen),
        (_, false) => Err(OpenError::Device(format!(
            "`sparse` asks for sparse kernels, which compute in f32 on the CPU, and this is {} on \
             {}; `auto` takes them where they are",
            precision_name(precision),
            device_name(device)
        ))),
    }
}

/// Makes the choices act on this process. Gives the number of threads.
///
/// # Errors
///
/// What libtorch says.
pub fn apply(
    device: Device,
    precision: Precision,
    threads: Option<usize>,
    deterministic: bool,
) -> Result<usize, OpenError> {
    let set = || -> Result<usize, OpError> {
        let count = match threads {
            Some(count) => count,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        settings::set_threads(count)?;
        settings::set_tf32(precision == Precision::Tf32)?;
        settings::set_deterministic(deterministic)?;
        // Nothing here reads what it has not written.
        settings::set_fill_fresh(false)?;
        settings::set_cudnn_benchmark(searches(device, deterministic))?;
        settings::set_cudnn_deterministic(deterministic)?;
        Ok(count)
    };
    set_training_device(device);
    set().map_err(|error| OpenError::Device(error.to_string()))
}

/// Whether cuDNN tries its algorithms on each new shape and takes the fastest, which may be another
/// one next time.
fn searches(device: Device, deterministic: bool) -> bool {
    device.is_cuda() && !deterministic
}

/// `cpu`, `cuda:0`.
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cpu => "cpu".to_owned(),
        Device::Cuda(index) => format!("cuda:{index}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// `f32`, `tf32` or `bf16`.
pub fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::Auto => "auto",
        Precision::F32 => "f32",
        Precision::Tf32 => "tf32",
        Precision::Bf16 => "bf16",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_precision_follows_the_device() {
        assert_eq!(precision(Precision::Auto, Device::Cpu).unwrap(), Precision::F32);
        assert_eq!(precision(Precision::Auto, Device::Cuda(0)).unwrap(), Precision::Bf16);
        assert!(precision(Precision::Tf32, Device::Cpu).is_err());
    }

    #[test]
    fn a_cpu_is_deterministic_unless_told_otherwise() {
        let cuda = Device::Cuda(0);
        assert!(deterministic(None, Device::Cpu) && !deterministic(None, cuda));
        assert!(deterministic(Some(true), cuda) && !deterministic(Some(false), Device::Cpu));
    }

    #[test]
    fn cudnn_searches_where_bits_may_differ() {
        assert!(searches(Device::Cuda(0), false) && !searches(Device::Cuda(0), true));
        assert!(!searches(Device::Cpu, false));
    }

    #[test]
    fn auto_measures_only_where_bits_may_differ() {
        let (cpu, f32, bf16) = (Device::Cpu, Precision::F32, Precision::Bf16);
        let of = |choice, device, precision, exact| sparse(choice, device, precision, exact);
        assert_eq!(of(Sparse::Auto, cpu, f32, true).unwrap(), Sparse::Rule);
        assert_eq!(of(Sparse::Auto, cpu, f32, false).unwrap(), Sparse::Measured);
        assert_eq!(of(Sparse::Auto, cpu, bf16, true).unwrap(), Sparse::Never);
        assert_eq!(of(Sparse::Auto, Device::Cuda(0), f32, true).unwrap(), Sparse::Never);
        assert_eq!(of(Sparse::Always, cpu, f32, true).unwrap(), Sparse::Always);
        let text = of(Sparse::Always, cpu, bf16, true).unwrap_err().to_string();
        assert!(text.contains("bf16 on cpu"), "{text}");
    }

    #[test]
    fn graphs_are_captured_on_cuda_unless_told_otherwise() {
        let cuda = Device::Cuda(0);
        assert!(captures(None, cuda) && captures(Some(true), cuda) && !captures(Some(false), cuda));
        assert!(!captures(None, Device::Cpu) && !captures(Some(true), Device::Cpu));
        assert!(
            asks_for_graphs(Some(true), cuda).is_ok() && asks_for_graphs(None, Device::Cpu).is_ok()
        );
        let text = asks_for_graphs(Some(true), Device::Cpu).unwrap_err().to_string();
        assert!(text.contains("the device is cpu"), "{text}");
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        let text = choose(DeviceChoice::Cuda(99)).unwrap_err().to_string();
        assert!(text.starts_with("device = \"cuda:99\": "), "{text}");
    }
}
