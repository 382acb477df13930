import { isIPv6, connect as netConnect, type Socket } from 'node:net'

export type ConnectTo = {
  /** An IP address, or the path of a socket. */
  readonly address: string
  /** Undefined for the path of a socket. */
  readonly port: number | undefined
  readonly timeoutMs: number
}

/** Opens a connection, or rejects. */
export type Connect = (to: ConnectTo) => Promise<Socket>

export const connectTcp: Connect = (to) => connectFrom({ v4: '', v6: '' })(to)

/** From these addresses; '' for whichever the system chooses. */
export const connectFrom =
  (own: { readonly v4: string; readonly v6: string }): Connect =>
  ({ address, port, timeoutMs }) =>
    new Promise((resolve, reject) => {
      const localAddress = isIPv6(address) ? own.v6 : own.v4
      const socket =
        port === undefined
          ? netConnect({ path: address })
          : netConnect({
              host: address,
              port,
              noDelay: true,
              ...(localAddress === '' ? {} : { localAddress }),
            })
      const timer = setTimeout(() => socket.destroy(timedOut()), timeoutMs)
      socket.once('error', reject)
      socket.once('close', () => clearTimeout(timer))
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', reject)
        resolve(socket)
      })
    })

const timedOut = () => Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' })

/** Why there is no connection, in the system's words, as Postfix tells them. */
export function tellConnectError(error: unknown): string {
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  return words.get(String(code)) ?? String(message)
}

const words = new Map([
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EHOSTUNREACH', 'No route to host'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ETIMEDOUT', 'Connection timed out'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EACCES', 'Permission denied'],
  ['ENOENT', 'No such file or directory'],
])
