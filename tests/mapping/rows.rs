//! Which rows a source gives.
