//! Switches. Those of the whole process are tried in a process of their own.

use tch::{Device, Kind};

use super::{alone, call, ramp};
use crate::torch::settings::{self, Autocast, autocast_disabled};
use crate::torch::{Arg, OpError, cuda};

#[test]
fn process_wide_switches_go_there_and_back() {
    alone("settings::process_wide_switches_go_there_and_back", switch_everything);
}

fn switch_everything() {
    let before = settings::threads().unwrap();
    settings::set_threads(3).unwrap();
    assert_eq!(settings::threads().unwrap(), 3);
    for bad in [0, 1_000_000] {
        let error = settings::set_threads(bad).unwrap_err();
        assert!(error.to_string().contains("a thread count must lie"), "{error}");
    }
    settings::set_threads(before).unwrap();

    for on in [true, false] {
        settings::set_tf32(on).unwrap();
        assert_eq!(settings::tf32().unwrap(), on);
        settings::set_cudnn_benchmark(on).unwrap();
        assert_eq!(settings::cudnn_benchmark().unwrap(), on);
    }

    settings::set_cudnn_benchmark(true).unwrap();
    settings::set_deterministic(true).unwrap();
    assert!(settings::deterministic().unwrap());
    assert!(!settings::cudnn_benchmark().unwrap());
    // The mode fills fresh memory, so that even a reader of `empty` sees the same.
    let empty = call("empty.memory_format", &[Arg::IntList(&[2])], &[]);
    assert!(empty.isnan().all().int64_value(&[]) == 1);
    for on in [false, true] {
        settings::set_fill_fresh(on).unwrap();
        assert_eq!(settings::fill_fresh().unwrap(), on);
    }
    settings::set_deterministic(false).unwrap();
    assert!(!settings::deterministic().unwrap());
}

#[test]
fn autocast_runs_products_in_its_dtype_until_it_is_dropped() {
    let x = ramp(&[4, 4]);
    let dtype = || call("mm", &[Arg::Tensor(&x), Arg::Tensor(&x)], &[]).kind();
    assert_eq!(dtype(), Kind::Float);
    {
        let _on = Autocast::new(Device::Cpu, Kind::BFloat16, true).unwrap();
        assert_eq!(dtype(), Kind::BFloat16);
        {
            let _off = autocast_disabled().unwrap();
            assert_eq!(dtype(), Kind::Float);
            {
                let _half = Autocast::new(Device::Cpu, Kind::Half, true).unwrap();
                assert_eq!(dtype(), Kind::Half);
            }
            assert_eq!(dtype(), Kind::Float);
        }
        assert_eq!(dtype(), Kind::BFloat16);
        let elsewhere = std::thread::spawn(|| {
            let x = ramp(&[2, 2]);
            call("mm", &[Arg::Tensor(&x), Arg::Tensor(&x)], &[]).kind()
        });
        assert_eq!(elsewhere.join().unwrap(), Kind::Float);
        {
            let _off = Autocast::new(Device::Cpu, Kind::BFloat16, false).unwrap();
            assert_eq!(dtype(), Kind::Float);
        }
    }
    assert_eq!(dtype(), Kind::Float);
}

#[test]
fn autocast_forgets_its_casts_with_the_last_guard() {
    let weight = ramp(&[2, 2]).set_requires_grad(true);
    let x = ramp(&[2, 2]);
    let product = || {
        let _on = Autocast::new(Device::Cpu, Kind::BFloat16, true).unwrap();
        call("mm", &[Arg::Tensor(&x), Arg::Tensor(&weight)], &[])
    };
    let before = product();
    tch::no_grad(|| drop(call("mul_", &[Arg::Tensor(&weight), Arg::Float(2.0)], &[])));
    assert!(product().equal(&(before * 2.0)));
}

#[test]
fn autocast_knows_its_dtypes() {
    let error = Autocast::new(Device::Cpu, Kind::Int64, true).unwrap_err();
    assert!(matches!(&error, OpError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("Int64"));
}

/// Here there may be a GPU or none: the answers must agree with each other.
#[test]
fn cuda_is_asked_safely_from_many_threads() {
    let ask = || (cuda::available(), cuda::device_count());
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(ask)).collect();
    let (available, count) = ask();
    assert_eq!(available, count > 0);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (available, count));
    }
    let error = cuda::synchronize(count).unwrap_err();
    assert!(error.to_string().contains("there is no CUDA device"), "{error}");
    if available {
        cuda::synchronize(0).unwrap();
        let x = ramp(&[4]).to_device(Device::Cuda(0));
        assert!(call("relu", &[Arg::Tensor(&x)], &[]).device() == Device::Cuda(0));
    }
}
