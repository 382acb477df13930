// Stands between a deployment's processes and the emulated AWS. Each process signs with the access key of its role; the gateway
// takes service and role from the signature's scope (which it does not verify), asks the role's policies, records the
// call, and refuses it as the service would or hands it on. Whatever it does not understand it fails and records.

import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { accessDenied, type ErrorAnswer, errorAnswer } from './access-denied.ts'
import {
  type Answering,
  answerRewritten,
  answerUnchanged,
  type Exchange,
  forward,
} from './forward.ts'
import {
  type AccessRequest,
  type Allowance,
  evaluate,
  type PolicyDocument,
  parsePolicyDocument,
  type Verdict,
} from './iam.ts'
import { answerInvocation, type InvokeFunction } from './invocation.ts'
import { queueUrlsAt } from './queue-urls.ts'
import { missingObjectAccesses } from './requests/s3.ts'
import { accessesOf } from './requests.ts'
import type { WireRequest } from './wire-request.ts'
import { parseCredential, readWireRequest } from './wire-request-reading.ts'

export type Principal = {
  /** Letters and digits. */
  readonly accessKeyId: string
  readonly name: string
  readonly policies: readonly PolicyDocument[]
}

export type Refusal =
  /** No statement allows it. */
  | 'not-allowed'
  /** A Deny statement matches. */
  | 'forbidden'
  /** The gateway or its policy evaluation does not know what this is; `action` says why. */
  | 'unknown-request'
  /** Not signed by a principal that was added; `principal` is the access key, `action` the HTTP method. */
  | 'unknown-key'

/** One action on one resource; a request can be several, and is carried out only when all are allowed. */
export type RecordedCall = {
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly context: AccessRequest['context']
  readonly allowed: boolean
  /** What grants it. */
  readonly by: Allowance | undefined
  /** Undefined when it is allowed. */
  readonly refusal: Refusal | undefined
}

export type GatewayOptions = {
  readonly region: string
  /** That of the emulators: fauxqs has 000000000000. */
  readonly accountId: string
  readonly principals: readonly Principal[]
  /** URLs. What is allowed at a service without a backend fails with 500. */
  readonly backends: {
    readonly dynamodb: string
    readonly s3: string
    readonly sqs: string
    readonly secretsmanager: string
    readonly ses?: string
  }
  readonly invokeFunction: InvokeFunction
}

export type Gateway = {
  /** `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL` and the beginning of queue URLs. */
  readonly url: string
  /** In the order they came. */
  calls(): readonly RecordedCall[]
  refusals(): readonly RecordedCall[]
  /** Takes the place of the principal with the same key. Throws `UnsupportedPolicy`. */
  add(principal: Principal): void
  /** Ends every connection, also those of calls under way. */
  close(): Promise<void>
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const running = new RunningGateway(options)
  for (const principal of options.principals) running.add(principal)
  await running.listen()
  return running
}

/** Emulators close idle connections too; ours go first, so that no request is sent into a closing one. */
const IDLE_UPSTREAM_MS = 2_000

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions
  readonly #principals = new Map<string, Principal>()
  readonly #calls: RecordedCall[] = []
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_UPSTREAM_MS })
  readonly #server = createServer((request, response) => {
    response.on('error', () => undefined) // the client is gone
    this.#handle(request, response).catch((error) => {
      response.destroy()
      if (!request.complete) return // the client went before it had said all
      process.stderr.write(`gateway: ${error instanceof Error ? error.stack : error}\n`)
    })
  })
  #url = ''

  constructor(options: GatewayOptions) {
    this.#options = options
    // No limits: SDKs keep connections, and some of their writes must not be repeated after a lost one.
    this.#server.keepAliveTimeout = 0
    this.#server.requestTimeout = 0
  }

  get url(): string {
    return this.#url
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    this.#url = `http://127.0.0.1:${address.port}`
  }

  calls(): readonly RecordedCall[] {
    return [...this.#calls]
  }

  refusals(): readonly RecordedCall[] {
    return this.#calls.filter(({ allowed }) => !allowed)
  }

  add(principal: Principal): void {
    if (!/^[A-Za-z0-9]+$/.test(principal.accessKeyId)) {
      throw new Error(`DynamoDB Local knows no access keys like ${principal.accessKeyId}`)
    }
    const policies = principal.policies.map(parsePolicyDocument)
    this.#principals.set(principal.accessKeyId, { ...principal, policies })
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const credential = parseCredential(request)
    const principal = this.#principals.get(credential.accessKeyId)
    if (principal === undefined) {
      this.#record(credential.accessKeyId, request.method ?? '', request.url ?? '', 'unknown-key')
      return answer(request, response, unknownKey(credential.service))
    }
    const wire = await readWireRequest(request, credential.service)
    const refusal = this.#refusalOf(wire.parsed, principal, () =>
      accessesOf(wire.parsed, this.#options),
    )
    if (refusal !== undefined) return answer(request, response, refusal)
    if (credential.service === 'lambda') {
      await answerInvocation(wire.parsed, wire.body, response, this.#options.invokeFunction)
      return
    }
    this.#forward({ request, response, body: wire.body }, wire.parsed, principal)
  }

  /** The answer instead, undefined when every access is allowed. Records all of them. */
  #refusalOf(
    wire: WireRequest,
    principal: Principal,
    accesses: () => readonly AccessRequest[],
  ): ErrorAnswer | undefined {
    try {
      const refusals = accesses().map((access) => this.#check(wire, access, principal))
      return refusals.find((refusal) => refusal !== undefined)
    } catch (error) {
      // Also a policy that cannot be evaluated. Bugs of the gateway come out here as well, and as loudly.
      const why = error instanceof Error ? error.message : String(error)
      this.#record(principal.name, why, wire.path, 'unknown-request')
      return unknownRequest(wire.service, why)
    }
  }

  #check(wire: WireRequest, access: AccessRequest, principal: Principal): ErrorAnswer | undefined {
    const verdict = evaluate(principal.policies, access)
    this.#calls.push(recordedCall(principal.name, access, verdict))
    if (verdict.kind === 'allowed') return undefined
    return accessDenied(wire, { ...access, principal: principal.name }, verdict.explicit)
  }

  #record(principal: string, action: string, resource: string, refusal: Refusal): void {
    const call = { principal, action, resource, context: {}, by: undefined }
    this.#calls.push({ ...call, allowed: false, refusal })
  }

  #forward(exchange: Exchange, wire: WireRequest, principal: Principal): void {
    const backends: Readonly<Record<string, string | undefined>> = this.#options.backends
    const url = backends[wire.service]
    if (url === undefined) {
      const why = `no emulator for ${wire.service}`
      this.#record(principal.name, why, wire.path, 'unknown-request')
      answer(exchange.request, exchange.response, unknownRequest(wire.service, why))
      return
    }
    const answering =
      wire.service === 'sqs'
        ? answerRewritten(queueUrlsAt(this.#url))
        : this.#hidingMissingObjects(exchange.request, wire, principal)
    forward(exchange, { url, agent: this.#agent }, answering)
  }

  #hidingMissingObjects(
    request: IncomingMessage,
    wire: WireRequest,
    principal: Principal,
  ): Answering {
    return (upstream, response) => {
      const refusal = upstream.statusCode === 404 ? this.#missing(wire, principal) : undefined
      if (refusal === undefined) {
        answerUnchanged(upstream, response)
        return
      }
      upstream.resume()
      answer(request, response, refusal)
    }
  }

  /** What S3 says in place of 404 to a principal that may not list the bucket. */
  #missing(wire: WireRequest, principal: Principal): ErrorAnswer | undefined {
    if (wire.service !== 's3') return undefined
    return this.#refusalOf(wire, principal, () => missingObjectAccesses(wire))
  }
}

function recordedCall(principal: string, access: AccessRequest, verdict: Verdict): RecordedCall {
  const call = { principal, ...access }
  if (verdict.kind === 'allowed') {
    return { ...call, allowed: true, by: verdict.by, refusal: undefined }
  }
  const refusal = verdict.explicit ? 'forbidden' : 'not-allowed'
  return { ...call, allowed: false, by: undefined, refusal }
}

function unknownKey(service: string): ErrorAnswer {
  const message = 'the access key belongs to no principal of the gateway'
  return errorAnswer(service, { status: 403, code: 'UnrecognizedClient', message })
}

function unknownRequest(service: string, message: string): ErrorAnswer {
  return errorAnswer(service, { status: 500, code: 'UnknownToGateway', message })
}

function answer(request: IncomingMessage, response: ServerResponse, error: ErrorAnswer): void {
  request.resume() // what is left of an upload
  const length = String(Buffer.byteLength(error.body))
  response.writeHead(error.status, { ...error.headers, 'content-length': length })
  response.end(request.method === 'HEAD' ? undefined : error.body)
}
