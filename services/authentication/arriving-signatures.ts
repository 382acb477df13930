// A message on its way in: its header divided off, and its body past the hashes of its signatures. What is left when it is there is small.

import type { StreamObserver } from '#shared/contracts/spool.ts'
import { type ArrivedHeader, ArrivingHeader, type HeaderField } from './arriving-header.ts'
import { FROM_BYTES_MAX, noSignatures, type SignatureCheck, type Signatures } from './signatures.ts'

export class ArrivingSignatures implements StreamObserver {
  readonly #header = new ArrivingHeader()
  readonly #check: (fields: readonly HeaderField[]) => SignatureCheck
  #arrived: ArrivedHeader | undefined
  #signatures: SignatureCheck | undefined

  /** `check`: called once, with the header. */
  constructor(check: (fields: readonly HeaderField[]) => SignatureCheck) {
    this.#check = check
  }

  /** Of its header; none where that is not judged. */
  get fields(): readonly HeaderField[] {
    return this.#arrived?.kind === 'fields' ? this.#arrived.fields : []
  }

  /** Why its header is not judged, and with it neither signatures nor author. */
  get notJudged(): string | undefined {
    return this.#arrived?.kind === 'not judged' ? this.#arrived.reason : undefined
  }

  push(bytes: Uint8Array): void {
    if (this.#arrived === undefined) this.#begin(this.#header.push(bytes))
    else this.#signatures?.body(bytes)
  }

  finish(): void {
    if (this.#arrived === undefined) this.#begin(this.#header.finish())
  }

  /** After all has passed. */
  async signatures(): Promise<Signatures> {
    return (await this.#signatures?.finish()) ?? noSignatures
  }

  #begin(found: { readonly header: ArrivedHeader; readonly body: Uint8Array } | undefined): void {
    if (found === undefined) return
    this.#arrived = withinLimits(found.header)
    if (this.#arrived.kind !== 'fields') return
    this.#signatures = this.#check(this.#arrived.fields)
    this.#signatures.body(found.body)
  }
}

function withinLimits(header: ArrivedHeader): ArrivedHeader {
  if (header.kind !== 'fields') return header
  const isLong = header.fields.some(
    ({ key, line }) => key === 'from' && line.length > FROM_BYTES_MAX,
  )
  return isLong ? { kind: 'not judged', reason: 'From field too long' } : header
}
