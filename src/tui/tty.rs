//! Reads terminal input and sends the decoded events to the event loop.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::decoder::{DecoderState, InputDecoder};
use super::event::ScreenEvent;
use super::thread::spawn;

/// Timeout for the rest of a sequence. Terminals send a sequence in one write; slow connections may split it.
const SEQUENCE_LIMIT: Duration = Duration::from_millis(250);

/// Timeout for the rest of a paste.
const PASTE_LIMIT: Duration = Duration::from_secs(1);

/// Starts two threads: one blocks in reads, the other decodes and applies the timeouts.
pub(super) fn listen(events: &Sender<ScreenEvent>) -> io::Result<()> {
    let (bytes, arriving) = mpsc::sync_channel::<io::Result<Vec<u8>>>(16);
    let mut tty = open()?;
    spawn("terminal input", events.clone(), move || {
        let mut buffer = vec![0; 4096];
        loop {
            let read = match tty.read(&mut buffer) {
                Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it was closed")),
                Ok(count) => Ok(buffer[..count].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_end = read.is_err();
            if bytes.send(read).is_err() || is_end {
                return;
            }
        }
    })?;
    let sender = events.clone();
    spawn("keys", events.clone(), move || decode(&arriving, &sender))?;
    Ok(())
}

/// Opens standard input if it is a terminal, else `/dev/tty`: standard input may carry the image.
fn open() -> io::Result<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() { Ok(File::from(stdin.as_fd().try_clone_to_owned()?)) } else { File::open("/dev/tty") }
}

fn decode(arriving: &Receiver<io::Result<Vec<u8>>>, events: &Sender<ScreenEvent>) {
    let mut decoder = InputDecoder::default();
    loop {
        let received = match decoder.state() {
            DecoderState::Idle => arriving.recv().map_err(|_| RecvTimeoutError::Disconnected),
            DecoderState::InSequence => arriving.recv_timeout(SEQUENCE_LIMIT),
            DecoderState::InPaste => arriving.recv_timeout(PASTE_LIMIT),
        };
        let found = match received {
            Ok(Ok(bytes)) => decoder.feed(&bytes),
            Err(RecvTimeoutError::Timeout) => decoder.flush().into_iter().collect(),
            Ok(Err(error)) => {
                // The loop has ended if this fails.
                let _ = events.send(ScreenEvent::TerminalLost(error));
                return;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let found = found.into_iter().map(ScreenEvent::Terminal);
        for event in found.chain(decoder.take_replies().into_iter().map(ScreenEvent::Reply)) {
            if events.send(event).is_err() {
                return;
            }
        }
    }
}
