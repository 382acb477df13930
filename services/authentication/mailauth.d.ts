// The parts of mailauth that are used, which its own types do not name: its entry loads BIMI and MTA-STS, an XML parser and an HTTP client
// with it.

declare module 'mailauth/lib/spf/index.js' {
  export function spf(options: {
    sender: string
    ip: string
    helo: string
    mta: string
    strict: boolean
    maxResolveCount: number
    maxVoidCount: number
    resolver: (name: string, type: string) => Promise<unknown[]>
  }): Promise<{
    domain: string
    status: { result: string; comment?: string; smtp: { mailfrom?: string; helo?: string } }
    explanation?: string
    rr?: string
  }>
}

declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import { Writable } from 'node:stream'

  export type ParsedHeader = {
    readonly parsed: readonly { readonly key: string; readonly line: Buffer }[]
  }

  export type SignatureHeader = {
    type: 'DKIM' | 'ARC'
    skip?: string
    invalid?: string
    selector: string
    signingDomain: string
    fallbackCanonicalization?: string
    parsed?: { h?: { value?: string }; c?: { value?: string } }
  }

  export type DkimResult = {
    signingDomain?: string
    selector?: string
    status: {
      result: string
      comment?: string
      header?: { d?: string; i?: string; s?: string; a?: string; b?: string }
      underSized?: number
      testing?: boolean
    }
  }

  export interface BodyHasher {
    update(chunk: Uint8Array): void
    digest(encoding: 'base64'): string
    setContentType(parsed: unknown): void
    getMimeStructureStart(): number
    readonly byteLength: number
    readonly canonicalizedLength: number
    readonly bodyHashedBytes: number
  }

  export class DkimVerifier extends Writable {
    constructor(options: {
      resolver: (name: string, type: string) => Promise<unknown[]>
      sender: string
      strict: boolean
      minBitLength: number
      curTime: Date
    })
    headers: ParsedHeader | false
    results: DkimResult[]
    signatureHeaders: SignatureHeader[]
    bodyHashes: Map<string, BodyHasher>
    messageHeaders(headers: ParsedHeader): Promise<void>
    headerFrom: string[]
    fromFields: number
    arc: ArcData
    emitHeaders(chunk?: Uint8Array): Promise<void>
    nextChunk(chunk: Uint8Array): Promise<void>
    finalChunk(): Promise<void>
    prepareSignature(signature: SignatureHeader): void
    addBodyHash(canonicalization: string, algorithm: string, length: number | ''): string
  }

  export type ArcData = {
    chain: false | readonly ArcSet[]
    lastEntry?: ArcSet
    error?: Error
  }
  export type ArcSet = {
    readonly i: number
    readonly 'arc-seal': { readonly parsed?: { readonly d?: { readonly value?: string } } }
    readonly 'arc-message-signature': {
      readonly parsed?: { readonly h?: { readonly value?: string } }
    }
    readonly 'arc-authentication-results': {
      readonly parsed?: unknown
      readonly original?: Buffer | string
    }
  }
}

declare module 'mailauth/lib/arc/index.js' {
  import type { ArcData } from 'mailauth/lib/dkim/dkim-verifier.js'

  export function arc(
    data: ArcData,
    options: {
      resolver: (name: string, type: string) => Promise<unknown[]>
      strict: boolean
      minBitLength: number
    },
  ): Promise<{
    i?: number | false
    status: { result: string; comment?: string }
    authenticationResults?: Record<string, unknown>
  }>
}

declare module 'mailauth/lib/dmarc/index.js' {
  export type DmarcPolicyWord = 'none' | 'quarantine' | 'reject'
  export type DmarcResponse = {
    status: { result: string; comment?: string; header: { from: string } }
    domain: string
    policyDomain?: string
    policy?: DmarcPolicyWord
    p?: DmarcPolicyWord
    sp?: DmarcPolicyWord
    np?: DmarcPolicyWord
    testMode?: boolean
    rr?: string
    alignment?: {
      spf: { result?: string; strict: boolean }
      dkim: { result?: string; strict: boolean }
    }
  }
  export function evaluateDmarc(options: {
    headerFrom: readonly string[]
    fromFields: number
    spfDomains: readonly { domain: string }[]
    dkimDomains: readonly { domain: string; underSized?: number }[]
    resolver: (name: string, type: string) => Promise<unknown[]>
    strict: boolean
  }): Promise<
    | { response: false; reason: string; authorDomains: readonly string[] }
    | { response: DmarcResponse; dkimAligned?: Set<string> }
  >
}

declare module 'mailauth/lib/dmarc/get-dmarc-record.js' {
  type Lookup = (name: string) => Promise<unknown>
  export function createRecordLookup(
    resolver: (name: string, type: string) => Promise<unknown[]>,
    options: { strict: boolean },
  ): Lookup
  export function getOrgDomain(domain: string, lookup: Lookup): Promise<string>
}
