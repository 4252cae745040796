//! The program that all tests of a process share.
//!
//! It is started at the first use and ends with the process, whose end closes its stdin, even after
//! a panic. Requests of several threads take turns; a trial, which may call hooks, has the others
//! wait only while it waits itself.

use std::cell::Cell;
use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::program::{self, Stderr};
use super::values::results_to_wire;
use super::{Failure, TestResult, hooks};
use crate::abi::{Fault, Named};
use crate::item::Item;
use crate::manifest::ItemManifest;
use crate::wire::{Answer, Message, Outcome, Request, WireNamed, read_frame, write_frame};

/// A running program.
pub struct Connection {
    wire: Mutex<Streams>,
    /// Held during a trial.
    trial: Mutex<()>,
    /// Tensors that nobody here has any more; told with the next request.
    released: Mutex<Vec<u64>>,
    /// The program's numbers of operators, by our own.
    operators: Mutex<Vec<Option<u64>>>,
    child: Mutex<Child>,
    stderr: Stderr,
    name: String,
}

struct Streams {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Why nothing more can be said.
    broken: Option<String>,
}

/// An item whose hooks the host may call during a trial.
#[derive(Clone)]
pub struct Callable<'a> {
    pub item: &'a dyn Item,
    /// By which the host calls it.
    pub number: u64,
    pub manifest: ItemManifest,
}

static SHARED: Mutex<Option<Arc<Connection>>> = Mutex::new(None);

/// The names of operators; a number is the place here. The same in the whole process, as tensors
/// promise, whatever program runs.
static OPERATORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether autograd records what this thread does.
    static GRAD: Cell<bool> = const { Cell::new(true) };
    /// Whether this thread is inside a hook.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Switches this thread's recording and says what it was.
pub fn grad_mode(enabled: bool) -> bool {
    GRAD.replace(enabled)
}

/// The program that runs, or a new one.
///
/// # Errors
///
/// One that cannot be started.
pub fn shared() -> TestResult<Arc<Connection>> {
    let mut shared = lock(&SHARED);
    if let Some(running) = shared.as_ref().filter(|running| running.is_alive()) {
        return Ok(running.clone());
    }
    let program = program::start()?;
    let connection = Arc::new(Connection {
        wire: Mutex::new(Streams { input: program.input, output: program.output, broken: None }),
        trial: Mutex::new(()),
        released: Mutex::default(),
        operators: Mutex::default(),
        child: Mutex::new(program.child),
        stderr: program.stderr,
        name: program.path.display().to_string(),
    });
    *shared = Some(connection.clone());
    Ok(connection)
}

/// The program that runs; for what needs one but has no tensor of it.
pub fn running() -> Result<Arc<Connection>, Fault> {
    let missing = || Fault::from("no host is running: begin with Host::start()");
    lock(&SHARED).clone().ok_or_else(missing)
}

impl Connection {
    fn is_alive(&self) -> bool {
        lock(&self.wire).broken.is_none()
    }

    /// Forgets a tensor.
    pub fn release(&self, id: u64) {
        lock(&self.released).push(id);
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    ///
    /// What the host says, or that it has ended.
    pub fn ask(&self, request: &Request) -> Outcome {
        let mut wire = lock(&self.wire);
        self.say(&mut wire, request)?;
        match self.hear(&mut wire)? {
            Message::Done(outcome) => outcome,
            _ => Err(self.broken(&mut wire, "it calls a hook that nobody asked for")),
        }
    }

    /// As [`Connection::ask`], for an answer that is values.
    ///
    /// # Errors
    ///
    /// As [`Connection::ask`].
    pub fn values(&self, request: &Request) -> Result<Vec<WireNamed>, Fault> {
        values(self.ask(request)?)
    }

    /// Tries something with these items, whose hooks are called here.
    ///
    /// # Errors
    ///
    /// What the host or a hook says; a trial inside a hook.
    pub fn trial(
        self: &Arc<Self>,
        what: &str,
        args: Vec<WireNamed>,
        items: &[&Callable<'_>],
    ) -> Result<Vec<WireNamed>, Fault> {
        if IN_HOOK.get() {
            return Err("a hook cannot begin a trial".into());
        }
        let _trial = lock(&self.trial);
        self.converse(Request::Do(what.to_owned(), args), items)
    }

    /// Asks, and calls hooks of these items until the answer is there.
    ///
    /// # Errors
    ///
    /// What the host or a hook says.
    pub fn converse(
        self: &Arc<Self>,
        mut request: Request,
        items: &[&Callable<'_>],
    ) -> Result<Vec<WireNamed>, Fault> {
        // What a hook gave, until the host has it: else the same message would release it.
        let mut given: Result<Vec<Named>, Fault> = Ok(Vec::new());
        loop {
            let message = {
                let mut wire = lock(&self.wire);
                self.say(&mut wire, &request)?;
                self.hear(&mut wire)?
            };
            drop(given);
            match message {
                Message::Done(outcome) => return values(outcome?),
                // Others may speak with the host while the hook runs.
                Message::Hook(call) => {
                    let before = (IN_HOOK.replace(true), grad_mode(call.grad));
                    given = hooks::call(self, call, items);
                    IN_HOOK.set(before.0);
                    grad_mode(before.1);
                    request = Request::Returned(match &given {
                        Ok(values) => Ok(results_to_wire(values)),
                        Err(fault) => Err(fault.clone()),
                    });
                }
                Message::Hello(_) => {
                    return Err(self.broken(&mut lock(&self.wire), "it says hello again"));
                }
            }
        }
    }

    fn say(&self, wire: &mut Streams, request: &Request) -> Result<(), Fault> {
        if let Some(why) = &wire.broken {
            return Err(why.as_str().into());
        }
        let released = std::mem::take(&mut *lock(&self.released));
        let bytes = request.encode(&released, GRAD.get());
        write_frame(&mut wire.input, &bytes)
            .map_err(|error| self.broken(wire, &format!("it does not listen ({error})")))
    }

    fn hear(&self, wire: &mut Streams) -> Result<Message, Fault> {
        let why = match read_frame(&mut wire.output) {
            Ok(Some(bytes)) => match Message::decode(&bytes) {
                Ok(message) => return Ok(message),
                Err(error) => format!("it sent {error}"),
            },
            Ok(None) => "it has ended".to_owned(),
            Err(error) => format!("it cannot be heard ({error})"),
        };
        Err(self.broken(wire, &why))
    }

    /// From now on nothing can be asked; says why, with what the program wrote last.
    fn broken(&self, wire: &mut Streams, why: &str) -> Fault {
        let mut child = lock(&self.child);
        let _ = child.kill();
        let status = child.wait().map_or_else(|error| error.to_string(), |it| it.to_string());
        // The rest of its words may still be under way.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let said = self.stderr.text();
        let said = if said.is_empty() { String::new() } else { format!("; it says:\n{said}") };
        let why = format!("the host {} is lost: {why} ({status}){said}", self.name);
        wire.broken = Some(why.clone());
        why.into()
    }

    /// The program's number of an operator of ours.
    pub fn operator(&self, ours: u64) -> Result<u64, Fault> {
        let index = usize::try_from(ours).unwrap_or(usize::MAX);
        if let Some(Some(known)) = lock(&self.operators).get(index) {
            return Ok(*known);
        }
        let name = lock(&OPERATORS).get(index).cloned();
        let name =
            name.ok_or_else(|| Fault::from(format!("there is no operator number {ours}")))?;
        let theirs = match self.values(&Request::Find(name))?.pop().map(|named| named.value) {
            Some(crate::wire::Wire::Int(number)) => number.cast_unsigned(),
            _ => return Err("the host gave no number of an operator".into()),
        };
        let mut known = lock(&self.operators);
        if known.len() <= index {
            known.resize(index + 1, None);
        }
        known[index] = Some(theirs);
        Ok(theirs)
    }
}

/// Our number of an operator that the running program knows.
pub fn find(name: &str) -> Result<u64, Fault> {
    let ours = {
        let mut all = lock(&OPERATORS);
        let known = all.iter().position(|known| known == name);
        let place = known.unwrap_or_else(|| {
            all.push(name.to_owned());
            all.len() - 1
        });
        place as u64
    };
    running()?.operator(ours)?;
    Ok(ours)
}

fn values(answer: Answer) -> Result<Vec<WireNamed>, Fault> {
    match answer {
        Answer::Values(values) => Ok(values),
        Answer::Bytes(_) => Err("the host gave data in place of values".into()),
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        crate::error::Error::from(fault).into()
    }
}
