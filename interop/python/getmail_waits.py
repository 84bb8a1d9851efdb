"""
Runs getmail without a race of its own: it listens for the end of its delivering child only after the child has begun, and
when the child was quicker it waits a minute for nothing.
"""
import os
import runpy
import sys

from getmailcore.baseclasses import ForkingBase

ForkingBase._prepare_child = lambda self: None
ForkingBase._wait_for_child = lambda self, child: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.argv[0] = 'getmail'
runpy.run_path('/usr/bin/getmail', run_name='__main__')
