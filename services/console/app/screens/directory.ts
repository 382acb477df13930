// Accounts, aliases, domains: one file for the browser. Small files compress badly and cost a way there and back each.

export { screen as account } from './accounts/account.tsx'
export { screen as accountImport } from './accounts/import.tsx'
export { screen as accounts } from './accounts/list.tsx'
export { screen as accountNew } from './accounts/new.tsx'
export { screen as alias } from './aliases/alias.tsx'
export { screen as aliases } from './aliases/list.tsx'
export { screen as aliasNew } from './aliases/new.tsx'
export { screen as domain } from './domains/domain.tsx'
export { screen as domains } from './domains/list.tsx'
export { screen as domainNew } from './domains/new.tsx'
