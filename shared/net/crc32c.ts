// The cyclic redundancy check with Castagnoli's polynomial (RFC 9260 appendix A), which proxies put into PROXY headers.
// `zlib.crc32` has another polynomial.

const POLYNOMIAL_REVERSED = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL_REVERSED : 0)
  return value
})

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return ~crc >>> 0
}
