/** Exit codes of every command, listed in `tagward --help`. */
export const EXIT_OK = 0
/** What was asked for could not be done, or the answer is no. */
export const EXIT_FAILURE = 1
/** Wrong arguments, or a mistake in the configuration. A service manager need not try again. `verify` also ends so when it has no answer. */
export const EXIT_USAGE = 2
