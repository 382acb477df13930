// Questions to the function `policy` and its answers as they cross the wire. While a deployment is under way a listener of this version
// may ask a function of the version before, or of the next, and the other way about: each side says what it knows, takes no notice of
// what it does not, and puts a default where something is absent.
//
// Version 2 did not ask about data by itself. Version 1 had neither `version` nor `ask`: a question with a recipient was one about it, any other about a message.

import type {
  DataRequest,
  EarlyRequest,
  MessageRequest,
  Policy,
  PolicyVerdict,
  RecipientRequest,
} from '#shared/contracts/policy.ts'

export const POLICY_WIRE_VERSION = 3

/**
 * Lambda: 6 MB for the payload of a synchronous invocation. What a question may take is far less: of a header the listener keeps
 * HEADER_INDEXED_BYTES_MAX at most, six bytes for each in JSON where it is bad, and ENVELOPE_BYTES_MAX of an envelope.
 */
export const INVOCATION_BYTES_MAX = 6 * 1024 * 1024

export type PolicyQuestion =
  | { readonly ask: 'early'; readonly request: EarlyRequest }
  | { readonly ask: 'recipient'; readonly request: RecipientRequest }
  | { readonly ask: 'data'; readonly request: DataRequest }
  | { readonly ask: 'message'; readonly request: MessageRequest }

/** Flat, so that a function of version 1 finds the request where it looks for it. */
export function encodeQuestion({ ask, request }: PolicyQuestion): Buffer {
  return Buffer.from(JSON.stringify({ ...request, version: POLICY_WIRE_VERSION, ask }))
}

/** What the function does with an event, which is ours: only listeners may invoke it. */
export async function answerQuestion(policy: Policy, event: unknown): Promise<PolicyVerdict> {
  const { version = 1, ask, ...request } = Object(event)
  switch (ask ?? ('recipient' in request ? 'recipient' : 'message')) {
    case 'early':
      return policy.early(request)
    case 'recipient':
      return policy.recipient(request)
    case 'data':
      return policy.data(request)
    case 'message':
      return policy.message(request)
    default:
      throw new Error(`a listener of version ${version} asks about ${ask}`)
  }
}

/** The function is ours and answers with the contract's types; anything else is somebody's mistake and never a yes. */
export function decodeVerdict(answer: unknown): PolicyVerdict {
  const kind: unknown = Object(answer).kind
  if (kind === 'permit') {
    return Object.assign({ prepend: '', finalRecipients: 1 }, answer as PolicyVerdict)
  }
  if (kind === 'reject' || kind === 'discard') return answer as PolicyVerdict
  throw new Error('the answer is no verdict')
}
