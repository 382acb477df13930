// All filters of one SMTP session, asked in order while the client speaks. Each command's events go to the first filter, then to the next;
// the first that refuses has spoken for all.

import { isIP } from 'node:net'
import type {
  DialogueClient,
  DialogueFilter,
  DialogueMail,
  DialogueRecipient,
  DialogueRefusal,
} from '#shared/contracts/milter.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Conversation } from './conversation.ts'
import {
  clientMacros,
  type MacroFacts,
  type Macros,
  messageMacros,
  recipientMacros,
  senderMacros,
} from './macros.ts'
import { encodeStrings } from './packet.ts'
import { wishes } from './protocol.ts'

export class Dialogue implements DialogueFilter {
  readonly conversations: readonly Conversation[]
  readonly #facts: MacroFacts
  readonly #nameOf: (address: string) => Promise<string | undefined>
  #name: string | undefined
  #isNamed = false
  #macros: Macros = {}
  #isClosed = false

  constructor(
    conversations: readonly Conversation[],
    deps: {
      readonly facts: MacroFacts
      readonly nameOf: (address: string) => Promise<string | undefined>
    },
  ) {
    this.conversations = conversations
    this.#facts = deps.facts
    this.#nameOf = deps.nameOf
  }

  /** Of client, sender and message, as of now. */
  get macros(): Macros {
    return this.#macros
  }

  async helo(client: DialogueClient): Promise<DialogueRefusal | undefined> {
    await this.#connect(client)
    const data = encodeStrings([client.origin.helo], 'utf8')
    return this.#each(async (conversation) => {
      await conversation.announce('H', 'helo', this.#macros)
      const { noHelo: unwanted, silentHelo: silent } = wishes
      await conversation.ofClient({ command: 'H', data, unwanted, silent })
      return conversation.standingReply
    })
  }

  async mail(client: DialogueClient, mail: DialogueMail): Promise<DialogueRefusal | undefined> {
    // A login, or a session without HELO.
    await this.#connect(client)
    const { queueId, sender, parameters } = mail
    this.#macros = { ...this.#macros, ...messageMacros(queueId), ...senderMacros(sender) }
    const data = encodeStrings([`<${sender}>`, ...parameters], 'utf8')
    const refusal = await this.#each(async (conversation) => {
      await conversation.announce('M', 'mail', this.#macros)
      const { noMail: unwanted, silentMail: silent } = wishes
      return conversation.ofMail({ command: 'M', data, unwanted, silent })
    })
    // Those before the one that refused have heard of a message that does not come.
    if (refusal !== undefined) for (const each of this.conversations) each.abort()
    return refusal
  }

  async recipient(rcpt: DialogueRecipient): Promise<DialogueRefusal | undefined> {
    const { queueId, address, parameters, refusal } = rcpt
    const data = encodeStrings([`<${address}>`, ...parameters], 'utf8')
    const macros = { ...this.#macros, ...messageMacros(queueId), ...recipientMacros(rcpt) }
    const refused = await this.#each(async (conversation) => {
      const isTold = refusal === undefined || conversation.has(wishes.rejectedRecipients)
      if (!isTold || !conversation.isInMessage) return conversation.standingReply
      await conversation.announce('R', 'recipient', macros)
      const { noRecipient: unwanted, silentRecipient: silent } = wishes
      return conversation.ofMessage({ command: 'R', data, unwanted, silent })
    })
    return refusal === undefined ? refused : undefined
  }

  data(): Promise<DialogueRefusal | undefined> {
    return this.#each(async (conversation) => {
      if (!conversation.isInMessage) return conversation.standingReply
      await conversation.announce('T', 'data', this.#macros)
      const { noData: unwanted, silentData: silent } = wishes
      const data = new Uint8Array(0)
      return conversation.ofMessage({ command: 'T', data, unwanted, silent, since: 4 })
    })
  }

  unknown(line: string): Promise<DialogueRefusal | undefined> {
    const { noUnknown: unwanted, silentUnknown: silent } = wishes
    const data = encodeStrings([line], 'utf8')
    return this.#each((conversation) =>
      conversation.ofUnknown({ command: 'U', data, unwanted, silent, since: 3 }),
    )
  }

  abort(): void {
    for (const conversation of this.conversations) conversation.giveUp()
  }

  close(): void {
    this.#isClosed = true
    for (const conversation of this.conversations) conversation.close()
  }

  /** Once; afterwards only what has become known of the client. */
  async #connect(client: DialogueClient): Promise<void> {
    const { remoteAddress, remotePort } = client.origin
    if (!this.#isNamed) this.#name = await this.#nameOf(remoteAddress)
    this.#isNamed = true
    this.#macros = clientMacros({ ...client, name: this.#name }, this.#facts)
    const data = connectData(this.#name, remoteAddress, remotePort)
    await this.#each(async (conversation) => {
      if (!conversation.isFresh) return conversation.standingReply
      await conversation.open()
      await conversation.announce('C', 'connect', this.#macros)
      const { noConnect: unwanted, silentConnect: silent } = wishes
      await conversation.ofClient({ command: 'C', data, unwanted, silent })
      return conversation.standingReply
    })
  }

  async #each(
    ask: (conversation: Conversation) => Promise<SmtpReply | undefined>,
  ): Promise<DialogueRefusal | undefined> {
    for (const conversation of this.conversations) {
      if (this.#isClosed) return undefined
      const reply = await ask(conversation)
      if (reply !== undefined) return { reply, filter: conversation.milter.options.name }
    }
    return undefined
  }
}

/** C: name, family, port and address; `L` for a local client, `U` for one of no address. */
function connectData(name: string | undefined, address: string, port: number): Uint8Array {
  const host = encodeStrings([name ?? `[${address}]`], 'utf8')
  const version = isIP(address)
  if (version === 0) return Buffer.concat([host, Buffer.from('U')])
  const family = Buffer.from(version === 6 ? '6' : '4')
  const portBytes = Buffer.from([(port >> 8) & 0xff, port & 0xff])
  return Buffer.concat([host, family, portBytes, encodeStrings([address], 'latin1')])
}
