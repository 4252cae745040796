//! The stream of requests.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jackpot_plugin_api::abi::{Fault, Named};
use jackpot_plugin_api::error::ErrorKind;
use jackpot_plugin_api::wire::{
    Answer, Hello, HookCall, Message, Outcome, PROTOCOL, Request, WireNamed, read_frame,
    write_frame,
};

use super::given::Given;
use super::operators;
use super::values::Held;
use crate::torch::grad::GradMode;

/// The other process, and what it holds here.
pub struct Link {
    input: RefCell<Box<dyn Read>>,
    output: RefCell<Box<dyn Write>>,
    pub held: Held,
}

/// Does what is no function of the ABI: a trial by its name, with what the test gives.
pub type Trials<'a> = dyn FnMut(&str, &Given) -> Result<Vec<Named>, Fault> + 'a;

thread_local! {
    /// The test that this thread serves.
    static LINK: RefCell<Option<Rc<Link>>> = const { RefCell::new(None) };
}

/// Answers requests until the input ends; `answer` does the trials.
///
/// # Errors
///
/// A stream that fails, or a message that cannot be read.
pub fn serve(
    input: impl Read + 'static,
    output: impl Write + 'static,
    answer: &mut Trials<'_>,
) -> io::Result<()> {
    let link = Rc::new(Link {
        input: RefCell::new(Box::new(input)),
        output: RefCell::new(Box::new(output)),
        held: Held::default(),
    });
    LINK.set(Some(link.clone()));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    link.say(&Message::Hello(Hello { oldest: PROTOCOL, newest: PROTOCOL, version }))?;
    while let Some((grad, request)) = link.next()? {
        let outcome = match request {
            Request::Do(what, args) => with_mode(grad, || link.tried(&what, args, answer)),
            Request::Returned(_) => Err("no hook was called".into()),
            other => operators::answer(&link, grad, other),
        };
        link.say(&Message::Done(outcome))?;
    }
    LINK.set(None);
    Ok(())
}

/// The test that this thread serves.
pub fn link() -> Result<Rc<Link>, Fault> {
    let link = LINK.with_borrow(Clone::clone);
    link.ok_or_else(|| "a hook under test was called from another thread".into())
}

/// Runs `body` with autograd recording or not.
pub fn with_mode<T>(grad: bool, body: impl FnOnce() -> T) -> T {
    let _mode = if grad { GradMode::enable() } else { GradMode::disable() };
    body()
}

impl Link {
    fn say(&self, message: &Message) -> io::Result<()> {
        write_frame(&mut *self.output.borrow_mut(), &message.encode())
    }

    /// The next request, and whether autograd records what it does.
    fn next(&self) -> io::Result<Option<(bool, Request)>> {
        let Some(bytes) = read_frame(&mut *self.input.borrow_mut())? else { return Ok(None) };
        let (released, grad, request) = Request::decode(&bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.held.release(&released);
        Ok(Some((grad, request)))
    }

    fn tried(&self, what: &str, args: Vec<WireNamed>, answer: &mut Trials<'_>) -> Outcome {
        let given = Given::new(self.held.all_to_values(args)?);
        let values = catch_unwind(AssertUnwindSafe(|| answer(what, &given)))
            .unwrap_or_else(|_| Err("the host failed inside; this is a bug of Jackpot".into()))?;
        Ok(Answer::Values(self.held.all_to_wire(values)))
    }

    /// Calls a hook over there, and serves what it asks for until it has returned.
    pub fn call(&self, call: HookCall) -> Result<Vec<Named>, Fault> {
        let gone = |error: io::Error| Fault::from(format!("the test cannot be reached: {error}"));
        self.say(&Message::Hook(call)).map_err(gone)?;
        loop {
            let Some((grad, request)) = self.next().map_err(gone)? else {
                return Err("the test has ended".into());
            };
            let outcome = match request {
                Request::Returned(result) => return self.held.all_to_values(result?),
                Request::Do(..) => {
                    let message = "a hook cannot begin a trial";
                    Err(Fault::new(ErrorKind::Refused, message))
                }
                other => operators::answer(self, grad, other),
            };
            self.say(&Message::Done(outcome)).map_err(gone)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use jackpot_plugin_api::abi::RawDevice;
    use jackpot_plugin_api::wire::{Call, Wire};

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Rc<RefCell<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is said to these requests, each with the tensors that are released before.
    fn said(requests: &[(&[u64], Request)]) -> Vec<Message> {
        let mut input = Vec::new();
        for (released, request) in requests {
            write_frame(&mut input, &request.encode(released, true)).unwrap();
        }
        let output = Output::default();
        let no = &mut |what: &str, _: &Given| Err(Fault::from(format!("no {what}")));
        serve(Cursor::new(input), output.clone(), no).unwrap();
        let (mut bytes, mut said) = (Cursor::new(output.0.take()), Vec::new());
        while let Some(frame) = read_frame(&mut bytes).unwrap() {
            said.push(Message::decode(&frame).unwrap());
        }
        assert!(matches!(said.remove(0), Message::Hello(_)));
        said
    }

    fn tensor(id: u64) -> Message {
        Message::Done(Ok(Answer::Values(vec![WireNamed::new("", Wire::Tensor(id))])))
    }

    fn fails(message: &Message, words: &str) {
        let Message::Done(Err(fault)) = message else { panic!("{message:?}") };
        assert!(fault.message.contains(words), "{fault:?}");
    }

    #[test]
    fn a_tensor_is_made_used_read_and_released() {
        let data: Vec<u8> = [-1.0_f32, 2.0].into_iter().flat_map(f32::to_le_bytes).collect();
        let device = RawDevice { kind: 0, index: -1 };
        let make = Request::Make { dtype: 6, shape: vec![2], data, device };
        let found = said(&[(&[], Request::Find("aten::relu".to_owned()))]);
        let Message::Done(Ok(Answer::Values(values))) = &found[0] else { panic!("{found:?}") };
        let Wire::Int(op) = values[0].value else { panic!("{found:?}") };
        let call = Call { op: op.cast_unsigned(), args: vec![Wire::Tensor(1)], named: Vec::new() };
        let said = said(&[
            (&[], make),
            (&[], Request::Call(call.clone())),
            (&[], Request::Read(2, 7)),
            (&[1], Request::Call(call)),
            (&[], Request::Do("wonders".to_owned(), Vec::new())),
            (&[], Request::Returned(Ok(Vec::new()))),
            (&[], Request::ContextTensor(0, "a".to_owned())),
        ]);
        assert_eq!((&said[0], &said[1]), (&tensor(1), &tensor(2)));
        let expected: Vec<u8> = [0.0_f64, 2.0].into_iter().flat_map(f64::to_le_bytes).collect();
        assert_eq!(said[2], Message::Done(Ok(Answer::Bytes(expected))));
        fails(&said[3], "the test holds no tensor number 1");
        fails(&said[4], "no wonders");
        fails(&said[5], "no hook was called");
        fails(&said[6], "no hook with the context 0 is running");
    }

    #[test]
    fn noise_is_an_error() {
        let mut input = Vec::new();
        write_frame(&mut input, b"noise").unwrap();
        let no = &mut |_: &str, _: &Given| Ok(Vec::new());
        let error = serve(Cursor::new(input), Output::default(), no).unwrap_err();
        assert_eq!(error.to_string(), "a message that cannot be read");
    }
}
