// What a run of scripts may ask: the message, the envelope, facts of the account, the clock. All of it is read; nothing is done. The same
// answers to the same questions give the same actions, so a delivery that is repeated wants the same again.

import type { SieveMessage } from '../message.ts'

export type RunContext = {
  readonly message: SieveMessage
  readonly envelope: SieveEnvelope
  readonly owner: ScriptOwner
  /** Of a message that is in a folder already: the flags it has there, with which `hasflag` and the others begin (RFC 6785 §3.8). */
  readonly flags?: readonly string[]
  readonly nowMs: number
  /** The zone that dates are told in where a script names none: `+0100`. */
  readonly zone: string
  /** RFC 5183 items, names in lower case; undefined where it is not known. */
  readonly environment: (item: string) => string | undefined
  readonly folders: FolderFacts
  /** It may stand in the header, which is read for whoever asks. */
  readonly verdict: () => MessageVerdict | Promise<MessageVerdict>
  /** RFC 6134: whether the list of this name (a URI) holds the value; undefined where there is no such list. */
  readonly listHolds: (list: string, value: string) => Promise<boolean | undefined>
  /** Addresses to which a message goes that is redirected to the list; more than the limits allow need not be told. Absent: there are none. */
  readonly listMembers?: (list: string) => Promise<readonly string[] | undefined>
  /** RFC 7352: whether this id was seen before, in another message than this one. */
  readonly wasSeen: (id: string) => Promise<boolean>
  readonly limits: RunLimits
  /** Undefined: what the RFC says, and no more. */
  readonly headerEdits?: HeaderEditRules
  /** What `ihave` finds: all that `require` takes. */
  readonly extensions: ReadonlySet<string>
  /** Told of each command and test as it is done: for whoever tries a script. */
  readonly trace?: (event: TraceEvent) => void
  /** What the script itself tells: `debug_log`. */
  readonly note?: (text: string) => void
}

/** RFC 5228 §5.4. Addresses without angle brackets; the null sender is ''. */
export type SieveEnvelope = {
  readonly from: string
  readonly to: string
  /** Of AUTH= (RFC 4954), undefined where none was given. */
  readonly auth?: string
  /** RFC 6009 §2: as they came, upper-case words. */
  readonly notify?: string
  readonly orcpt?: string
  readonly ret?: string
  readonly envid?: string
  readonly byTimeAbsolute?: string
  readonly byTimeRelative?: string
  readonly byMode?: string
}

export type ScriptOwner = {
  readonly address: string
  /** As the owner calls herself, null where it is not known. */
  readonly name: string | null
  /** All that lead to her: the address among them. In lower case. */
  readonly addresses: readonly string[]
  /** What begins the detail of an address here: RFC 5233 §4. */
  readonly recipientDelimiter: string
}

/** Names are UTF-8 with the hierarchy separator of IMAP, as scripts write them. */
export interface FolderFacts {
  /** RFC 5490 §3.1: it is there, and mail may be put into it. */
  exists(folder: string): Promise<boolean>
  /** RFC 9042 §3. */
  idExists(id: string): Promise<boolean>
  /** RFC 8579 §2: in the folder, or with null in any one. */
  hasSpecialUse(folder: string | null, use: string): Promise<boolean>
  /** RFC 5464 annotation of a folder, or with null of the account; undefined where there is none. */
  metadata(folder: string | null, entry: string): Promise<string | undefined>
}

/** What policy found: RFC 5235. Undefined where nothing was tested. */
export type MessageVerdict = {
  /** From 0, surely no spam, to 100, surely spam. */
  readonly spamPercent: number | undefined
  /** 0 not tested, 1 clean, 2 replaced, 3 cured, 4 possibly one, 5 surely: RFC 5235 §3.3. */
  readonly virus: 0 | 1 | 2 | 3 | 4 | 5
}

export type RunLimits = {
  readonly steps: number
  readonly actions: number
  /** `sieveMaxRedirects`. */
  readonly redirects: number
  /** `sieveVacationMinPeriod` and the longest there is. */
  readonly vacationSeconds: { readonly min: number; readonly default: number; readonly max: number }
}

/** RFC 5293 §6. Names in any case. */
export type HeaderEditRules = {
  /** `sieveEditheaderMaxHeaderSize`: of a value that is put in. */
  readonly valueBytes: number
  readonly forbidAdd: readonly string[]
  readonly forbidDelete: readonly string[]
}

export type TraceEvent = {
  readonly script: string
  readonly line: number
  /** Commands in blocks stand further in. */
  readonly depth: number
  readonly name: string
  /** Of a test its result; of a command undefined. */
  readonly result: boolean | undefined
}
