import { execFile, execFileSync } from 'node:child_process'

/** Commands of the real clients, by the Debian package that has them. */
const COMMANDS: Readonly<Record<string, string>> = {
  curl: 'curl',
  swaks: 'swaks',
  python3: 'python3',
  openssl: 'openssl',
  msmtp: 'msmtp',
  isync: 'mbsync',
  neomutt: 'neomutt',
  thunderbird: 'thunderbird',
  fetchmail: 'fetchmail',
  mpop: 'mpop',
  getmail6: 'getmail',
  offlineimap3: 'offlineimap',
  postfix: 'postfix',
  'dnsmasq-base': 'dnsmasq',
  postgresql: 'pg_ctlcluster',
  'clamav-daemon': 'clamd',
  gsasl: 'gsasl',
  'python3-aiosmtpd': 'aiosmtpd',
}

/** Packages that bring no command: what succeeds in a shell when they are there. */
const PROBES: Readonly<Record<string, string>> = {
  // `doveadm` is there as soon as one of them is.
  'dovecot-imapd': 'ls /usr/lib/dovecot/imap',
  'dovecot-pop3d': 'ls /usr/lib/dovecot/pop3',
  'dovecot-lmtpd': 'ls /usr/lib/dovecot/lmtp',
  'dovecot-submissiond': 'ls /usr/lib/dovecot/submission',
  'libnet-ssleay-perl': 'perl -MNet::SSLeay -e 1',
}

function installed(name: string): boolean {
  const command = COMMANDS[name] ?? name
  try {
    execFileSync('sh', ['-c', PROBES[name] ?? `command -v ${command} || ls /usr/sbin/${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * True when all of these Debian packages are there. In CI (`CI=true`) what is missing is installed, and a failure is
 * an error; elsewhere it is said in one line, and the caller skips its tests.
 */
export function ensureInstalled(packages: readonly string[]): boolean {
  const missing = packages.filter((name) => !installed(name))
  if (missing.length === 0) return true
  if (process.env.CI !== 'true') {
    console.warn(`skipped: ${missing.join(', ')} not installed (Debian packages; set CI=true to install them)`)
    return false
  }
  const apt = { stdio: 'pipe' as const, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  execFileSync('apt-get', ['update'], apt)
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], apt)
  return true
}

/** What a client program said. */
export interface ProgramResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a client program to its end. `input` goes to its standard input. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array | string; readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        encoding: 'buffer',
        maxBuffer: 1 << 30,
        timeout: 120_000,
        ...(options.cwd && { cwd: options.cwd }),
        env: { ...process.env, ...options.env },
      },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) || 1 : 0, stdout, stderr: stderr.toString() })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}
