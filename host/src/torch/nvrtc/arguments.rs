//! The arguments of a kernel, as a driver takes them: a list of pointers to values.

use std::ffi::c_void;

/// Values of 8 bytes or less, each at the begin of its own 8.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<[u8; 8]>);

impl Arguments {
    pub fn pointer(&mut self, pointer: *mut c_void) {
        self.0.push((pointer as u64).to_ne_bytes());
    }

    pub fn integer(&mut self, integer: i64) {
        self.0.push(integer.to_ne_bytes());
    }

    pub fn number(&mut self, number: f32) {
        let [a, b, c, d] = number.to_ne_bytes();
        self.0.push([a, b, c, d, 0, 0, 0, 0]);
    }

    /// Pointers to them, which hold as long as nothing is added.
    pub fn pointers(&self) -> Vec<*const c_void> {
        self.0.iter().map(|value| value.as_ptr().cast()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_is_where_its_pointer_says() {
        let mut arguments = Arguments::default();
        let value = 7_u32;
        arguments.pointer((&raw const value).cast_mut().cast());
        arguments.integer(-5);
        arguments.number(0.1);
        let pointers = arguments.pointers();
        assert_eq!(pointers.len(), 3);
        // SAFETY: these are the types of what was added.
        unsafe {
            assert_eq!(pointers[0].cast::<*const u32>().read_unaligned().read(), 7);
            assert_eq!(pointers[1].cast::<i64>().read_unaligned(), -5);
            assert_eq!(pointers[2].cast::<f32>().read_unaligned(), 0.1);
        }
    }
}
