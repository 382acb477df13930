// Texts that a spreadsheet would run as a formula when somebody opens a file of ours: an address may begin with `=`, and whoever chose it is not
// whoever opens the file. Such a cell begins with an apostrophe, which spreadsheets take for "this is text", and an import takes it away again;
// one that had some keeps them.

/** Nothing but addresses of a catch-all begins with @, and a domain behind it is no formula. */
const FORMULA = /^'*[=+\-\t\r]/

export const guardedCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)

export const unguardedCell = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text
