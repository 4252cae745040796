//! What an author would test; and what must fail, which is run only where it is asked for.

mod alone;
mod failing;
mod functions;
mod networks;
mod wrong;
