import { connect as netConnect, type Socket } from 'node:net'

/** Opens a TCP connection, or rejects. */
export type Connect = (to: {
  /** An IP address. */
  readonly address: string
  readonly port: number
  readonly timeoutMs: number
}) => Promise<Socket>

export const connectTcp: Connect = ({ address, port, timeoutMs }) =>
  new Promise((resolve, reject) => {
    const socket = netConnect({ host: address, port, noDelay: true })
    const timer = setTimeout(() => socket.destroy(new Error('connect timeout')), timeoutMs)
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      resolve(socket)
    })
  })
