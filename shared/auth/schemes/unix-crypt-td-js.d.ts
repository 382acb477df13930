declare module 'unix-crypt-td-js' {
  /** DES crypt(3) of a password's bytes with a salt of two characters. */
  export default function unixCryptTD(password: readonly number[], salt: string): string
}
