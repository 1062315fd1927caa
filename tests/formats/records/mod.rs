//! Chats, mails, tickets and recordings, as the programs that people use write them.

mod chats;
mod hostile;
mod lines;
mod mails;
mod terminals;
mod tickets;
mod traffic;
