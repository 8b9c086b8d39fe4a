"""Processor time, of all threads, in the program and in the system."""
import resource
import subprocess


def processor(who):
    """Seconds that all threads have run, in the program and in the system."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def timed(work):
    start = processor(resource.RUSAGE_SELF)
    result = work()
    return result, processor(resource.RUSAGE_SELF) - start


def copying(source, copy):
    """The processor time of cp and sync of a file."""
    start = processor(resource.RUSAGE_CHILDREN)
    subprocess.run(["cp", source, copy], check=True)
    subprocess.run(["sync", copy], check=True)
    seconds = processor(resource.RUSAGE_CHILDREN) - start
    copy.unlink()
    return seconds
