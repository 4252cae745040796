//! A compiler for this processor in place of NVRTC.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use tch::{Kind, Tensor};

use super::{images, source};
use crate::kernels::pointwise::cuda::on_host::OnHost;
use crate::torch::OpError;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::nvrtc::{Compiler, Kernels};

/// It knows some texts, which were compiled together, and counts what is asked of it.
pub struct Host {
    known: HashMap<String, Arc<OneOf>>,
    asked: Mutex<usize>,
}

/// Kernels of one text.
struct OneOf {
    compiled: Arc<OnHost>,
    number: usize,
    /// Which of the two cannot be launched.
    fails: Option<usize>,
    runs: Mutex<[usize; 2]>,
}

impl Host {
    pub fn knowing(texts: &[String]) -> Self {
        Self::failing(texts, None)
    }

    pub fn failing(texts: &[String], fails: Option<usize>) -> Self {
        let all: Vec<_> = texts.iter().map(String::as_str).collect();
        let compiled = Arc::new(OnHost::new(&all));
        let known = texts.iter().enumerate().map(|(number, text)| {
            let one =
                OneOf { compiled: Arc::clone(&compiled), number, fails, runs: Mutex::default() };
            (text.clone(), Arc::new(one))
        });
        Self { known: known.collect(), asked: Mutex::default() }
    }

    /// It knows a function of f32.
    pub fn of(name: &str) -> Self {
        Self::knowing(&[text(name, Kind::Float)])
    }

    /// It knows nothing.
    pub fn none() -> Self {
        Self { known: HashMap::new(), asked: Mutex::default() }
    }

    /// How often it was asked to compile.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    /// How often kernels were to run, forward and backward.
    pub fn runs(&self) -> [usize; 2] {
        let all = self.known.values().map(|one| *one.runs.lock().unwrap());
        all.fold([0, 0], |[a, b], [c, d]| [a + c, b + d])
    }
}

pub fn text(name: &str, kind: Kind) -> String {
    let [x, _]: [Tensor; 2] = images(kind, MemoryFormat::Contiguous);
    source(name, &x).0.text
}

impl Compiler for Host {
    fn kernels(&self, text: &str, names: &[&str]) -> Result<Arc<dyn Kernels>, OpError> {
        assert_eq!(names, ["jackpot_forward", "jackpot_backward"]);
        *self.asked.lock().unwrap() += 1;
        let found = self.known.get(text).cloned();
        found.map(|found| found as Arc<dyn Kernels>).ok_or_else(|| failed("it is not known"))
    }
}

fn failed(message: &str) -> OpError {
    OpError::Failed { op: "nvrtc".into(), message: message.into() }
}

impl Kernels for OneOf {
    fn blocks(&self) -> usize {
        3
    }

    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: usize,
        threads: usize,
        arguments: &[*const c_void],
    ) -> Result<(), OpError> {
        assert!((1..=3).contains(&blocks) && threads == 256);
        self.runs.lock().unwrap()[kernel] += 1;
        if self.fails == Some(kernel) {
            return Err(failed("it cannot be launched"));
        }
        // SAFETY: the caller's promise.
        unsafe { self.compiled.run(self.number, kernel == 0, blocks as u32, 256, arguments) };
        Ok(())
    }
}
