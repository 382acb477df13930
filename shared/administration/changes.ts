// Changes as they are told to the log of the system: what was changed, how it was before and how it is after. What is secret is not
// among the facts; that a password is another one is.

type Facts = { readonly [name: string]: string | number | boolean | null | readonly string[] }

export type Change = {
  readonly what:
    | 'domain'
    | 'account'
    | 'alias'
    | 'grant'
    | 'access'
    | 'signing-key'
    | 'srs'
    | 'app-password'
    | 'factor'
    | 'login'
    | 'setting'
    | 'role'
    | 'token'
    | 'link'
    | 'recovery'
    | 'sending'
    | 'greylist'
    | 'script'
    | 'mail-import'
    | 'source'
    | 'front'
    | 'move'
    | 'mail-export'
    | 'directory-export'
  /** Its name. */
  readonly name: string
  /** Null: it was not there. */
  readonly before: Facts | null
  /** Null: it is gone. */
  readonly after: Facts | null
}

export type RecordChange = (change: Change) => void
