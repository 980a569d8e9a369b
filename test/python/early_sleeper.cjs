// Preloaded into the helper (NODE_OPTIONS=--require): it stops itself, as by SIGSTOP, before it does anything.
if (require('node:worker_threads').isMainThread) process.kill(process.pid, 'SIGSTOP');
