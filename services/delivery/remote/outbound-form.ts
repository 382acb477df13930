// A message on its way out in steps: source, 7-bit, folding, signing. Each step knows what it changes and what of the size it can tell;
// what a host takes is known only in the session, so the form is made there.

/** Bytes of the message from here on, for so many. */
export type ReadMessage = (length?: number) => AsyncIterable<Uint8Array>

export interface OutboundMessage {
  /** As it is stored, with the fields that were added: what a host's limit is held against (RFC 1870 §4). */
  readonly bytes: number
  /** Of any host. That an address needs SMTPUTF8 is found out where it is sent. */
  readonly needs: { readonly smtpUtf8: boolean; readonly eightBit: boolean }
  /** Rejects where the message, or what signs it, cannot be read. */
  formFor(host: HostTakes): Promise<{
    readonly declaredBytes: number
    read(): AsyncIterable<Uint8Array>
  }>
}

/** What the form of a message depends on. */
export type HostTakes = {
  /** SMTPUTF8 is used: our own trace fields may have 8-bit bytes, if there are any. */
  readonly smtpUtf8: boolean
  /** 8-bit bodies are sent as they are. */
  readonly eightBit: boolean
}

export type OutboundForm = {
  /** Before the object; byte string. */
  readonly fields: string
  readonly object: ReadMessage
  /** What SIZE says: it may be more than what comes (RFC 1870 §6.1). */
  readonly declaredBytes: number
}

/** Changes what it must for this host, and nothing else: a step that has nothing to do returns the very form. */
export type OutboundStep = (
  form: OutboundForm,
  host: HostTakes,
) => OutboundForm | Promise<OutboundForm>

export type OutboundSource = Pick<OutboundMessage, 'needs'> & {
  fieldsFor(host: HostTakes): string
  readonly object: ReadMessage
  readonly objectBytes: number
  /** Of the fields and the object. */
  readonly bytes: number
}

/** The source, and what the steps make of it one after the other. Throws while it is read rather than end a message that is not whole. */
export function composeOutbound(
  source: OutboundSource,
  steps: readonly OutboundStep[],
): OutboundMessage {
  const { bytes, needs, objectBytes } = source
  const whole = (length = objectBytes) => readWhole(source.object(length), length)
  return {
    bytes,
    needs,
    async formFor(host) {
      let form: OutboundForm = {
        fields: source.fieldsFor(host),
        object: whole,
        declaredBytes: bytes,
      }
      for (const step of steps) form = await step(form, host)
      const { fields, object, declaredBytes } = form
      return {
        declaredBytes,
        async *read() {
          if (fields !== '') yield Buffer.from(fields, 'latin1')
          yield* object()
        },
      }
    },
  }
}

async function* readWhole(
  source: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    yield chunk
  }
  if (bytes !== length) throw new Error(`${bytes} bytes instead of ${length}`)
}
