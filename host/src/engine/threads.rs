//! How many threads a session computes with.

use super::error::OpenError;
use super::session::Session;
use crate::torch::settings::set_threads;

impl Session {
    /// Computes with so many threads, unless the config says how many; to be called before
    /// [`Session::prepare`], since a thread that has computed keeps its own number.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn use_threads(&mut self, threads: usize) -> Result<(), OpenError> {
        if self.config.threads.is_none() {
            set_threads(threads).map_err(|error| OpenError::Device(error.to_string()))?;
            self.threads = threads;
        }
        Ok(())
    }

    /// The threads of each of so many processes: what the config says, or else an equal share of
    /// what there is.
    pub fn threads_of(&self, processes: usize) -> usize {
        self.config.threads.unwrap_or_else(|| (self.threads / processes.max(1)).max(1))
    }
}
