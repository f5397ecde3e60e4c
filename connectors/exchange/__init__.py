"""The provincial data exchange (省级数据共享交换平台): an adapter to it, not a new one."""
