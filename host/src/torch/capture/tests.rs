//! Capture on the CPU: what is done again, what is fed, and what cannot be captured.

use tch::{Device, Kind, Tensor};

use super::*;
use crate::torch::grad::{GradOptions, grad};
use crate::torch::upload::upload;
use crate::torch::{Arg, Op};

const CPU: Device = Device::Cpu;
const FLOATS: (Kind, Device) = (Kind::Float, CPU);

fn at(step: u64) -> Moment<'static> {
    Moment { step, epoch: 0, samples: &[] }
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.reshape(-1)).unwrap()
}

/// Observes and captures a body.
fn captured<T>(mut body: impl FnMut() -> Result<T, OpError>) -> Result<(Captured, T), OpError> {
    let (first, feeds) = observe(CPU, &at(3), &mut body);
    first?;
    let feeds = feeds.map_err(|reason| OpError::failed("capture", reason))?;
    capture(CPU, feeds, None, &mut body)
}

#[test]
fn a_replay_reads_what_lies_there_now() {
    let mut x = Tensor::from_slice(&[1.0_f32, 2.0]);
    let (mut work, y) = captured(|| Ok(&x * 2.0 + 1.0)).unwrap();
    assert_eq!(numbers(&y), [3.0, 5.0]);
    x.copy_(&Tensor::from_slice(&[10.0_f32, 20.0]));
    assert_eq!(numbers(&y), [3.0, 5.0]);
    work.replay(&at(1)).unwrap();
    assert_eq!(numbers(&y), [21.0, 41.0]);
    assert!(!is_capturing() && !is_on_tape());
}

#[test]
fn gradients_and_changes_in_place_are_done_again() {
    let weight = Tensor::from_slice(&[3.0_f32, -1.0]).set_requires_grad(true);
    let x = Tensor::from_slice(&[1.0_f32, 2.0]);
    // SGD at the rate 1 on (w·x)².
    let (mut work, loss) = captured(|| {
        let loss = (&weight * &x).sum(Kind::Float).square();
        let found = grad(&[&loss], &[&weight], None, GradOptions::default())?;
        let gradient = found.into_iter().flatten().next().unwrap();
        let _ = tch::no_grad(|| weight.shallow_clone().f_sub_(&(gradient * 0.25)).unwrap());
        Ok(loss.detach())
    })
    .unwrap();
    // Observed: w·x = 1, gradient 2·(1, 2), w = (2.5, −2). Captured: w·x = −1.5, loss 2.25.
    assert_eq!(numbers(&loss), [2.25]);
    assert_eq!(numbers(&weight.detach()), [3.25, -0.5]);
    work.replay(&at(1)).unwrap();
    // w·x = 2.25: gradient 4.5·(1, 2).
    assert_eq!(numbers(&loss), [2.25 * 2.25]);
    assert_eq!(numbers(&weight.detach()), [2.125, -2.75]);
}

#[test]
fn replays_draw_different_numbers() {
    let (mut work, y) = captured(|| {
        let draw = |at: &Moment<'_>| Ok(Tensor::from_slice(&[at.step as f32, 1.0]));
        let drawn = drawn(CPU, &at(3), draw).map_err(|text| OpError::failed("test", text))?;
        Ok(drawn * 2.0)
    })
    .unwrap();
    assert_eq!(numbers(&y), [6.0, 2.0]);
    for step in [4, 9] {
        work.replay(&at(step)).unwrap();
        assert_eq!(numbers(&y), [2.0 * step as f32, 2.0]);
    }
}

#[test]
fn numbers_of_another_step_cannot_be_drawn_again() {
    let draw = |at: &Moment<'_>| Ok(Tensor::from_slice(&[at.step as f32]));
    let error = captured(|| drawn(CPU, &at(2), draw).map_err(|text| OpError::failed("test", text)));
    assert!(error.unwrap_err().to_string().contains("for another step"));
}

#[test]
fn constants_stay_though_the_body_writes_to_them() {
    let (mut work, y) = captured(|| {
        let mut own = upload(&Tensor::from_slice(&[1.0_f32, 2.0]), CPU)?;
        let _ = own.f_add_scalar_(1.0).unwrap();
        Ok(own)
    })
    .unwrap();
    for step in 1..3 {
        work.replay(&at(step)).unwrap();
        assert_eq!(numbers(&y), [2.0, 3.0]);
    }
}

#[test]
fn what_is_done_aside_is_not_fed_but_may_refuse() {
    let mut runs = 0.0_f32;
    let (mut work, y) = captured(|| {
        runs += 1.0;
        let other = Tensor::from_slice(&[runs]);
        let _ = aside(|| upload(&other, CPU))?;
        upload(&Tensor::from_slice(&[1.0_f32]), CPU)
    })
    .unwrap();
    work.replay(&at(4)).unwrap();
    assert_eq!(numbers(&y), [1.0]);
    let ((), feeds) = observe(CPU, &at(3), || aside(|| refuse(|| "of a reason".to_owned())));
    assert_eq!(feeds.unwrap_err(), "of a reason");
}

#[test]
fn numbers_that_the_host_changes_are_no_constants() {
    let mut count = 0.0_f32;
    let error = captured(|| {
        count += 1.0;
        upload(&Tensor::from_slice(&[count]), CPU)
    });
    let text = error.unwrap_err().to_string();
    assert!(text.contains("sends other numbers"), "{text}");
}

#[test]
fn another_number_of_sendings_is_seen() {
    for counts in [[1, 2], [2, 1]] {
        let mut runs = counts.into_iter();
        let error = captured(|| {
            for _ in 0..runs.next().unwrap() {
                let _ = upload(&Tensor::from_slice(&[1.0_f32]), CPU)?;
            }
            Ok(())
        });
        assert!(error.is_err(), "{counts:?}");
    }
}

#[test]
fn a_read_number_cannot_be_captured() {
    let x = Tensor::ones([2], FLOATS);
    let error = captured(|| Ok(&x * x.sum(Kind::Float).double_value(&[])));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("waits for the result of `aten::_local_scalar_dense`"), "{text}");
    let error = captured(|| Ok(x.masked_select(&x.gt(0.0))));
    assert!(error.unwrap_err().to_string().contains("`aten::masked_select`"));
    // Which of them a mask takes is not known, which numbers do is.
    let by = |index: Tensor| captured(|| Ok(x.index(&[Some(&index)]))).map(|_| ());
    assert!(by(x.gt(0.0)).unwrap_err().to_string().contains("`aten::"));
    by(Tensor::from_slice(&[1_i64, 0])).unwrap();
    // Nor what says so itself.
    let ((), feeds) = observe(CPU, &at(3), || refuse(|| "of a reason".to_owned()));
    assert_eq!(feeds.unwrap_err(), "of a reason");
}

#[test]
fn an_error_inside_leaves_the_thread_as_it_was() {
    let x = Tensor::ones([2], FLOATS);
    let mut runs = 0;
    let error = captured(|| {
        runs += 1;
        let op = Op::find("aten::mm")?;
        let y = &x + 1.0;
        if runs == 2 { op.call1(&[Arg::Tensor(&x), Arg::Tensor(&y)], &[]) } else { Ok(y) }
    });
    assert!(error.unwrap_err().to_string().contains("mm"));
    assert!(!is_capturing() && !is_on_tape());
    let (_, y) = captured(|| Ok(&x + 1.0)).unwrap();
    assert_eq!(numbers(&y), [2.0, 2.0]);
}

#[test]
fn what_autocast_casts_is_cast_again() {
    use crate::torch::settings::Autocast;
    let mut weight = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).reshape([2, 2]);
    let x = Tensor::from_slice(&[1.0_f32, 1.0]).reshape([1, 2]);
    let (mut work, y) = captured(|| {
        let _autocast = Autocast::new(CPU, Kind::BFloat16, true)?;
        Ok(x.f_linear(&weight, None::<&Tensor>).unwrap())
    })
    .unwrap();
    assert_eq!((y.kind(), numbers(&y.to_kind(Kind::Float))), (Kind::BFloat16, vec![3.0, 7.0]));
    let _ = weight.fill_(1.0 + 1.0 / 1024.0);
    work.replay(&at(1)).unwrap();
    // Rounded to bf16 first.
    assert_eq!(numbers(&y.to_kind(Kind::Float)), [2.0, 2.0]);
}

#[test]
fn without_cuda_there_is_one_clear_error() {
    if crate::torch::cuda::available() {
        return;
    }
    for error in [Graph::new(Device::Cuda(0)).err(), SideStream::enter(Device::Cuda(0)).err()] {
        let text = error.unwrap().to_string();
        assert!(text.starts_with("`cuda::") && !text.contains('\n'), "{text}");
    }
    SideStream::enter(CPU).unwrap();
}

/// The functions that are looked up by name are those of the libtorch that is built against.
#[test]
fn libtorchs_cuda_library_has_the_class() {
    use object::read::elf::ElfFile64;
    use object::{Object, ObjectSymbol, ReadCache};

    let folder = option_env!("LIBTORCH").unwrap_or_default();
    let path = std::path::Path::new(folder).join("lib/libtorch_cuda.so");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("{} is not there: nothing to look at", path.display());
        return;
    };
    let cache = ReadCache::new(file);
    let library = ElfFile64::<object::Endianness, _>::parse(&cache).unwrap();
    let text = include_str!("../cpp/graph.cpp");
    let names = text.split('"').filter(|part| part.starts_with("_ZN2at4cuda9CUDAGraph"));
    let mut names: std::collections::BTreeSet<&str> = names.collect();
    assert_eq!(names.len(), 6);
    for symbol in library.dynamic_symbols().filter(ObjectSymbol::is_definition) {
        names.remove(symbol.name().unwrap_or_default());
    }
    assert!(names.is_empty(), "{names:?}");
}
