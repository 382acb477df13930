// What the API refused: `problem.` and its code, `rule.` and the name of the rule that a value breaks.

export const problems = {
  'problem.exists': '{value} is there already.',
  'problem.no-such-domain': '{domain} is not a domain of this system.',
  'problem.not-empty':
    'The domain still has addresses (accounts: {accounts}, aliases: {aliases}). They and their mail would go with it.',
  'problem.no-such-account': 'There is no account {value}.',
  'problem.no-such-alias': 'There is no alias {value}.',
  'problem.leads-nowhere': 'Mail to {value} leads nowhere: no alias, no account, no catch-all.',
  'problem.not-signed-in': 'You are not signed in.',
  'problem.wrong-credentials': 'Address or password is wrong.',
  'problem.wrong-factor': 'That is not right. Try again.',
  'problem.too-many-requests': 'Too many attempts. Wait a little and try again.',
  'problem.ticket-gone':
    'This took too long or was wrong too often. Begin with the password again.',
  'problem.too-many-failures': 'Too many attempts. Wait a little and try again.',
  'problem.no-such-factor': 'There is no factor of that kind.',
  'problem.session-ended': 'Your session has ended.',
  'problem.invitation-gone': 'This link was used already, or is older than 24 hours.',
  'problem.step-up-required': 'This needs a new proof that it is you.',
  'problem.no-right': 'Your role may not do this.',
  'problem.more-rights': 'Nobody acts on somebody with more rights.',
  'problem.changed-meanwhile': 'Somebody else changed this meanwhile.',

  'warning.no-postmaster': 'Nobody reads mail to postmaster of {domain} now.',
  'warning.alias-comes-first': '{address} is an alias too: its mail goes where that leads.',
  'warning.account-gets-nothing':
    'The account {address} gets no mail now: the alias leads elsewhere.',
  'warning.mail-fails': 'Mail to {alias} fails at {address}.',
  'warning.still-led-to': 'Aliases still lead to {address}: {aliases}.',

  'rule.domain-name': 'This is not a domain name.',
  'rule.mail-address': 'This is not a mail address.',
  'rule.own-address':
    'This cannot be an address here: the part before the @ has from 1 to {localPartBytesMax}, the domain no underscore.',
  'rule.no-program': 'An alias leads to addresses, not to programs, files or lists.',
  'rule.target-count': 'An alias has from 1 to {max} targets.',
  'rule.forward-count': 'Mail goes on to at most {max} addresses.',
  'rule.quota': 'Allowed: default, unlimited, {allowed}.',
  'rule.quota-unit': 'Write the unit too: {value}MB, or {value}B if that is meant.',
  'rule.password': 'A password is one line from 1 character to {bytesMax} bytes.',
  'rule.password-or-hash': 'Give a password.',
  'rule.one-of': 'Allowed: {allowed}.',
  'rule.some-change': 'There is nothing to change.',
  'rule.one-line': 'One line of 1 to {charactersMax} characters.',
  'rule.column': 'There is no such column; there are {columns}.',
  'rule.column-count': '{count} columns where the heading has {max}.',
  'rule.closed-quotation': 'A quotation mark is not closed.',
  'rule.once': 'This is in line {firstLine} already.',
  'rule.row-count': 'More than {max} rows; divide the file.',
} as const
