//! What an operator runs by hand: each command has its file here, and writes to the output it is given.
