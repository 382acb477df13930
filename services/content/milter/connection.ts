// The connection to one filter: packets out, and packets in one after the other, each within a time. Nothing is kept of it when it fails.

import type { Socket } from 'node:net'
import { connectService } from '#shared/net/connect-service.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { encodePacket, MilterFailure, type Packet, PacketReader } from './packet.ts'

/** Of answers that wait to be read; a filter that says more than it is asked is not read on. */
const WAITING_PACKETS_MAX = 1_000

export class MilterConnection {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #reader = new PacketReader()
  readonly #packets: Packet[] = []
  #failure: MilterFailure | undefined
  /** Whoever waits for a packet, for room, or for the end. */
  #wake: () => void = () => {}

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('drain', () => this.#wake())
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('closed the connection'))
  }

  static async open(
    address: ServiceAddress,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  ): Promise<MilterConnection> {
    const socket = connectService(address)
    const connection = new MilterConnection(socket, clock)
    socket.once('connect', () => connection.#wake())
    await connection.#until(() => !socket.connecting, timeoutMs, 'no connection')
    return connection
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** Resolves when the filter takes it. */
  async write(packet: Uint8Array, timeoutMs: number): Promise<void> {
    this.#check()
    if (this.#socket.write(packet)) return
    await this.#until(() => !this.#socket.writableNeedDrain, timeoutMs, 'does not read')
  }

  async read(timeoutMs: number): Promise<Packet> {
    await this.#until(() => this.#packets.length > 0, timeoutMs, 'does not answer')
    const packet = this.#packets.shift()
    if (packet === undefined) throw new MilterFailure('no packet')
    if (this.#packets.length < WAITING_PACKETS_MAX) this.#socket.resume()
    return packet
  }

  /** Says goodbye where that can be said at once. */
  close(): void {
    if (this.#failure !== undefined || this.#socket.writableNeedDrain) this.destroy()
    else {
      this.#socket.write(encodePacket('Q'))
      this.#socket.destroySoon()
      this.#fail('is left')
    }
  }

  destroy(): void {
    this.#socket.destroy()
    this.#fail('is left')
  }

  async #until(isSo: () => boolean, timeoutMs: number, otherwise: string): Promise<void> {
    const over = new AbortController()
    let isLate = false
    void this.#clock.sleep(timeoutMs, over.signal).then(() => {
      isLate = !over.signal.aborted
      this.#wake()
    })
    try {
      for (;;) {
        if (isSo() && (this.#failure === undefined || this.#packets.length > 0)) return
        this.#check()
        if (isLate) throw new MilterFailure(`${otherwise} within ${timeoutMs} ms`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } catch (error) {
      this.destroy()
      throw error
    } finally {
      over.abort()
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#packets.push(...this.#reader.push(bytes))
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error))
      this.#socket.destroy()
      return
    }
    if (this.#packets.length >= WAITING_PACKETS_MAX) this.#socket.pause()
    this.#wake()
  }

  #fail(reason: string): void {
    this.#failure ??= new MilterFailure(reason)
    this.#wake()
  }
}
